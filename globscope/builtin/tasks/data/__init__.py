"""Data that a spec can name, wherever its files came from."""

from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.named import named
from globscope.builtin.tasks.data.supplied import supplied

__all__ = ["Arrays", "named", "supplied"]
