"""What every family shares: errors, money, time, database, RPC tables and the interceptor chain."""
