"""The learned aligner: an MLP is read as a chain of layers, and its hidden units are described by a network."""

from globscope.builtin.aligners.deep.aligner import DeepAlign

__all__ = ["DeepAlign"]
