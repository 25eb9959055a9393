"""What the program does for its users; each module reads top to bottom like its description."""
