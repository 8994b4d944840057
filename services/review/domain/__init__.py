"""The pricing engine. Knows bills, rules and money; knows neither gRPC nor SQL."""
