"""Merge trees of samples on any graph: what all backends share."""
