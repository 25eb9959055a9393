"""Rendering of READMEs in worker processes."""
