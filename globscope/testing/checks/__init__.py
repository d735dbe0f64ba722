"""What holds for the components of each role."""
