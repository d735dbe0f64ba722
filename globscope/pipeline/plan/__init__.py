"""What a study would take, and what of its spec cannot work."""
