"""Adapters: implementations of the ports, each for one external system; they return domain values only."""
