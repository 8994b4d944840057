"""Who may call: tenants, OAuth clients, API keys, access tokens, plans and usage."""
