"""Keep a searchable index of every package of a Python framework, and keep it current."""

__version__ = "0.2.0"
