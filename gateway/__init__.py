"""The gateway: Envoy's configuration, derived from the contract, and the scripts Envoy runs."""
