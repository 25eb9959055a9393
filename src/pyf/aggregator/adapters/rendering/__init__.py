"""Render READMEs in worker processes."""
