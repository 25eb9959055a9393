"""Rendering of READMEs to safe HTML and plain text."""
