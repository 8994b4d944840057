"""Rules of identity. Knows neither gRPC nor SQL."""
