"""Create, rebuild, copy, export and list collections."""
