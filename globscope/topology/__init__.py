"""Merge trees of samples on any graph: what every backend shares, whoever sweeps."""
