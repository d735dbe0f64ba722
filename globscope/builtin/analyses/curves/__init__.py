"""Curves between networks in weight space: their shapes, their training, their measurements."""
