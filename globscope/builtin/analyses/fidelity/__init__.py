"""What the maps lose of the networks they were fitted to."""

from globscope.builtin.analyses.fidelity.analysis import Fidelity

__all__ = ["Fidelity"]
