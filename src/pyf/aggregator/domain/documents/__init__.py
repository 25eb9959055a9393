"""The document of a release: its schema, and how it is built from the registry's data."""
