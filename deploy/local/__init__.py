"""The local stack: database, servers and gateway of one checkout on one machine, without containers."""
