"""Loaders of the packaged YAML files and of the user's own."""
