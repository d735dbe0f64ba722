"""A map as a picture: its landscape, the runs on it, and their captions."""
