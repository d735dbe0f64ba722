"""Tiny real values to try components on."""
