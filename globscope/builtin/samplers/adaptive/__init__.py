"""The sampler `adaptive`: a lattice that is sampled only where its merge tree needs it."""

from globscope.builtin.samplers.adaptive.sampler import Adaptive

__all__ = ["Adaptive"]
