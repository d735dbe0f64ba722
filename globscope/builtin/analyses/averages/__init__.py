"""Whether the mean of a run's checkpoints is better than its last."""
