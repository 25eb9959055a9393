"""Rules that decide which projects belong to a collection."""
