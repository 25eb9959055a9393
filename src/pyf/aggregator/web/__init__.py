"""The index over HTTP: pages for people, an interface for programs, badges and feeds."""
