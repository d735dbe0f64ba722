"""What can be merged with what, and what orders it."""
