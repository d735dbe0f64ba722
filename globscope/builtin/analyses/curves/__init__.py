"""Curves between networks in weight space: their shapes, their training, what is read off them."""
