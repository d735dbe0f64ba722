"""Whether networks that lie close together also answer alike."""

from globscope.builtin.analyses.similarity.analysis import Similarity

__all__ = ["Similarity"]
