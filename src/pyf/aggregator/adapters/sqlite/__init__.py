"""Index engine in one SQLite file."""
