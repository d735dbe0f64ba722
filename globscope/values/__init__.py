"""Frozen values that stages pass on to one another."""
