"""What the commands do: call use cases and print results."""
