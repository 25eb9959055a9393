"""Bring a collection in line with the registry."""
