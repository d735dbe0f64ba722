"""A study whose work is divided by processes that do not know of one another, such as those of a job array."""

from globscope.shards.gather import Gathered, gather
from globscope.shards.prepare import Prepared, prepare
from globscope.shards.work import ShardWork, work

__all__ = ["Gathered", "Prepared", "ShardWork", "gather", "prepare", "work"]
