"""Helpers of the slow tests."""
