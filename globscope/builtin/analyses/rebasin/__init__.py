"""Whether two networks share a basin after their neurons are permuted."""

from globscope.builtin.analyses.rebasin.analysis import Rebasin

__all__ = ["Rebasin"]
