"""Whether networks that lie close together have similar outputs."""

from globscope.builtin.analyses.similarity.analysis import Similarity

__all__ = ["Similarity"]
