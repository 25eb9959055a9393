"""Bulk sources of projects that may require a framework, as the port `Candidates` wants them."""
