"""A small registry that is served on this machine, so that demo, tests and benchmarks need no one else's."""
