"""Values and rules: pure code without I/O, environment or clock."""
