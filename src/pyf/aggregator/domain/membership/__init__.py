"""Decide which packages belong to a collection."""
