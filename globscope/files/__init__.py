"""Landscapes and trees in files that other programs read and write."""
