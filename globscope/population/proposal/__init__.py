"""A first spec for a folder of checkpoints: `globscope init FOLDER`."""
