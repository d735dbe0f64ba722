"""Whether the lowest passes on a map exist in weight space."""

from globscope.builtin.analyses.low_loss_pass.analysis import LowLossPass

__all__ = ["LowLossPass"]
