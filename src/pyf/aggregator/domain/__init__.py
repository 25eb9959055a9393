"""What the program knows without asking anyone: pure values and rules, no I/O, no environment, no clock."""
