"""Whether the lowest passes on a map exist in weight space."""
