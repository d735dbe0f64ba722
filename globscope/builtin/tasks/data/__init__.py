"""Data that a spec can name, and data of users."""

from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.by_name import load_named, remedy
from globscope.builtin.tasks.data.embedded import load_shapes
from globscope.builtin.tasks.data.user_data import load_user_data
from globscope.builtin.tasks.data.vision import is_vision, load_vision

__all__ = ["Arrays", "is_vision", "load_named", "load_shapes", "load_user_data", "load_vision", "remedy"]
