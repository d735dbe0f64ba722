"""Whether the lattices are fine enough."""
