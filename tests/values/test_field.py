"""What people call a field, in which direction it is better, and how it is drawn."""

import numpy as np
import pytest

from globscope.values.field import Field, column_heading


@pytest.mark.parametrize(
    ("key", "name", "unit", "higher", "logarithmic"),
    [
        ("train_loss", "training loss", "mean per example", False, True),
        ("val_loss", "validation loss", "mean per example", False, True),
        ("test_accuracy", "test accuracy", "share", True, False),
        ("test_iou", "test IoU", "share", True, False),
        ("train_spectral_norm", "training spectral norm", "", False, False),
        ("depth", "depth", "", False, False),
    ],
)
def test_a_field_knows_its_name_unit_direction_and_scale(key, name, unit, higher, logarithmic):
    field = Field.of(key)
    assert (field.name, field.unit) == (name, unit)
    assert (field.higher_is_better, field.is_logarithmic) == (higher, logarithmic)


@pytest.mark.parametrize(
    ("key", "heading"),
    [("one", "first"), ("other", "second"), ("two", "second"), ("train_loss", "loss"), ("loss_gap", "loss gap")],
)
def test_the_sides_of_a_pair_are_the_first_and_the_second(key, heading):
    assert column_heading(key, {"train_loss": "loss"}) == heading


def test_a_barrier_of_a_share_is_its_fall_and_one_of_a_loss_its_rise():
    assert Field.of("test_iou").cost(np.array([0.9, 0.5])).tolist() == [-0.9, -0.5]
    assert Field.of("train_loss").cost(np.array([0.9, 0.5])).tolist() == [0.9, 0.5]
