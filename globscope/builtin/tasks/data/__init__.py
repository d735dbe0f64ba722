"""Data that a spec can name, wherever its files came from."""

from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.named import named, remedy
from globscope.builtin.tasks.data.shapes import shapes
from globscope.builtin.tasks.data.supplied import supplied
from globscope.builtin.tasks.data.vision import is_vision, vision

__all__ = ["Arrays", "is_vision", "named", "remedy", "shapes", "supplied", "vision"]
