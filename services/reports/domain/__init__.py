"""What a report says and how its links work. Knows neither gRPC nor SQL."""
