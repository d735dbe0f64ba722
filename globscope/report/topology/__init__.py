"""Merge trees, persistence diagrams and landscape profiles as pictures."""
