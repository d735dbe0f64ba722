// Colours and axes: how values become colours, positions and words.
