"""Load the packaged YAML files and the user's own."""
