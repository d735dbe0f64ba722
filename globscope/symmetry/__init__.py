"""The permutation symmetry of a network, found by following its axes through its operations."""
