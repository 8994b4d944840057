"""Rules of webhooks, apart from transport and database."""
