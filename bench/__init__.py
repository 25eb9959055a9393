"""Speed and memory, measured side by side in one run; nothing here passes or fails by a clock."""
