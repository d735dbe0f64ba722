"""A study that is declared in Python, saved as the spec for which it stands."""
