"""Slices: flat charts through chosen networks, exact in both directions."""
