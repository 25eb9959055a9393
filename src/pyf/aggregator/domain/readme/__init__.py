"""Turn READMEs into safe HTML and plain text."""
