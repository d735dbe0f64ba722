"""What a score rests on: the examples of a task, and the buffers that a network is scored with."""
