"""The population: trained here or loaded from the user's checkpoints."""
