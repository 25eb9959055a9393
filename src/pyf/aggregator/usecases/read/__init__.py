"""Read the index for pages, the API, agents and commands."""
