"""The engines that keep documents, and what they have in common."""
