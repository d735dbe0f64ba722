"""Whether two networks share a basin once neuron permutations are undone."""

from globscope.builtin.analyses.rebasin.analysis import Rebasin

__all__ = ["Rebasin"]
