"""Which releases of Python and of frameworks a package supports."""
