"""The stored document of a release, and how it is built."""
