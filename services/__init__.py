"""The servers: one package per API family, the kernel they share, and the rule data they read."""
