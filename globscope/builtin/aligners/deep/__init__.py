"""The learned aligner: an MLP is read as a chain of layers, and its hidden units are described by a network."""
