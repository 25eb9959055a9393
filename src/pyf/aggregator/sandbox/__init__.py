"""A sample registry with local services, so that demo, tests and benchmarks need no external service."""
