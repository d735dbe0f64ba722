"""Frozen values: what one stage hands to the next."""
