"""A study at work: stages, their store, and the bench that analyses share with it."""
