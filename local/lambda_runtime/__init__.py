"""A stand-in for Lambda's Runtime and Extensions APIs, for tests and benchmarks."""
