"""Add to packages what the registry does not publish."""
