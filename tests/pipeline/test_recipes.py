"""How runs were trained, in words."""

import pytest

from globscope.pipeline.recipes import recipes
from globscope.spec.population import PopulationSpec
from globscope.spec.training import Continuation, Train, Variant

PLAIN = "AdamW, batch size 64, learning rate 0.001, weight decay 0, 40 epochs"


def words(variant=None, **train):
    """The recipe of one run."""
    run = Variant(name="A") if variant is None else variant
    return recipes(PopulationSpec(train=Train(**train), variant=(run,)))["A"]


@pytest.mark.parametrize(
    ("train", "text"),
    [
        ({}, PLAIN),
        ({"optimiser": "adam", "epochs": 3}, PLAIN.replace("AdamW", "Adam").replace("40", "3")),
        ({"schedule": "cosine"}, PLAIN.replace("0.001", "0.001 (cosine)")),
        ({"optimiser": "sgd"}, PLAIN.replace("AdamW", "SGD").replace(", 40", ", momentum 0.9, 40")),
        (
            {"optimiser": "sgd", "nesterov": True},
            PLAIN.replace("AdamW", "SGD").replace(", 40", ", Nesterov momentum 0.9, 40"),
        ),
        ({"warm_up": 2.5}, f"{PLAIN}, 2.5 epochs of warm-up"),
        ({"warm_up": 1, "epochs": 1}, f"{PLAIN.replace('40 epochs', '1 epoch')}, 1 epoch of warm-up"),
        (
            {"then": (Continuation(optimiser="lbfgs", epochs=9), Continuation(optimiser="adam", epochs=1))},
            f"{PLAIN}, then L-BFGS for 9 epochs, then Adam for 1 epoch",
        ),
        ({"initialisation": "shared"}, f"{PLAIN}, shared initialisation"),
    ],
)
def test_a_recipe_names_what_every_run_has_and_what_is_not_usual(train, text):
    assert words(**train) == text


def test_a_run_s_own_epochs_and_seed_are_named():
    run = Variant(name="A", batch_size=8, learning_rate=2e-5, weight_decay=0.01, epochs=7, seed=3)
    assert words(run) == "AdamW, batch size 8, learning rate 2e-05, weight decay 0.01, 7 epochs, seed 3"


def test_repeated_runs_have_the_recipe_of_all():
    found = recipes(PopulationSpec(train=Train(), variant=(Variant(name="A", repeat=2),)))
    assert found == {"A1": PLAIN, "A2": PLAIN}


def test_checkpoints_that_are_read_have_no_recipe():
    assert recipes(PopulationSpec(checkpoints=None)) == {}
