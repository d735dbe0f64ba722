"""What the maps lose of the networks they were fitted to."""
