"""Data that a spec can name, and data of users."""

from globscope.builtin.tasks.data.arrays import Arrays as Arrays
from globscope.builtin.tasks.data.by_name import load_named as load_named, remedy as remedy
from globscope.builtin.tasks.data.embedded import load_shapes as load_shapes
from globscope.builtin.tasks.data.masks import (
    as_masks as as_masks,
    classes_of_numbers as classes_of_numbers,
    classes_of_values as classes_of_values,
)
from globscope.builtin.tasks.data.pet_photo import TRIMAP as TRIMAP
from globscope.builtin.tasks.data.pets import load_pets as load_pets
from globscope.builtin.tasks.data.user_data import load_user_data as load_user_data
from globscope.builtin.tasks.data.vision import (
    is_vision as is_vision,
    load_vision as load_vision,
    load_vision_masks as load_vision_masks,
)
