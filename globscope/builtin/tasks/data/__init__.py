"""Data that a spec can name, and data of users."""

from globscope.builtin.tasks.data.arrays import Arrays as Arrays
from globscope.builtin.tasks.data.by_name import load_named as load_named, remedy as remedy
from globscope.builtin.tasks.data.embedded import load_shapes as load_shapes
from globscope.builtin.tasks.data.user_data import load_user_data as load_user_data
from globscope.builtin.tasks.data.vision import is_vision as is_vision, load_vision as load_vision
