"""The rules of scoring: a task's examples, a network's buffers, random draws, fields, and losses along lines."""
