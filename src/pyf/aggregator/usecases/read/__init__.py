"""Answer questions about what the index holds."""
