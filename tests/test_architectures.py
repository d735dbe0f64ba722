"""Networks of many architectures score what torch says: `load_state_dict`, then a plain forward pass."""

import pytest
from support.architectures import ARCHITECTURES
from support.comparison import of_files, of_training

# Float32 sums in another order; losses are of the order of 1.
SAME = 1e-6
# One of every kind of state; the slow tests take all.
FEW = (
    *("input normaliser", "drawn table that is not saved", "spectral norm", "pruned", "lazy convolution", "lstm"),
    *("instance norm with statistics", "batch norm", "mask of booleans", "counter that cools", "complex turns"),
    *("frozen layer", "float64", "float16", "bfloat16", "mixed precision"),
)
FROM_FILES = [name for name, one in ARCHITECTURES.items() if one.in_files]
WITH_STATISTICS = ("instance norm with statistics", "batch norm")


def cases(names):
    """Return (name, statistics) of all, slow where another case shows the same."""
    fast = {*((name, "stored") for name in FEW), *((name, "recalibrate") for name in WITH_STATISTICS)}
    every = [(name, statistics) for name in names for statistics in ("stored", "recalibrate")]
    return [pytest.param(*one, marks=() if one in fast else pytest.mark.slow) for one in every]


@pytest.mark.parametrize(("name", "statistics"), cases(FROM_FILES))
def test_networks_from_files_score_what_torch_says(name, statistics, tmp_path):
    assert of_files(name, statistics, tmp_path).difference <= SAME


@pytest.mark.parametrize(("name", "statistics"), cases(ARCHITECTURES))
def test_networks_that_are_trained_here_score_what_torch_says(name, statistics, tmp_path):
    assert of_training(name, statistics, tmp_path).difference <= SAME


def test_the_generator_makes_three_different_networks_of_at_least_thirty_architectures(tmp_path):
    assert len(ARCHITECTURES) >= 30
    losses = of_files("input normaliser", "stored", tmp_path).theirs[:, 0]
    assert len(set(losses)) == len(losses) == 3
