"""HTTP clients, and how they are throttled and retried."""
