"""Superlevel sets, level sets and critical points of the fields of merge trees."""
