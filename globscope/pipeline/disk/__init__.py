"""What a study's stages keep on disk while they are at work, and in which form."""
