"""The rules of scoring: a task's examples, a network's buffers, random draws, means, and losses along lines."""
