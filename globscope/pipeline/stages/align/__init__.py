"""Aligns networks: pair by pair, or a set at once."""
