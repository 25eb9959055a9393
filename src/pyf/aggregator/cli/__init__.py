"""The commands parse arguments, call use cases, print results and return exit codes."""
