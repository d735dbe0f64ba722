"""On which classes networks disagree, and which they say instead of each other."""
