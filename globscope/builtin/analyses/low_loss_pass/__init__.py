"""Whether the lowest pass on a map exists in weight space."""

from globscope.builtin.analyses.low_loss_pass.analysis import LowLossPass

__all__ = ["LowLossPass"]
