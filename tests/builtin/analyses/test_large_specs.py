"""Specs whose size needs a GPU or hours: every stage of them runs, with small numbers set as on the command line."""

import numpy as np
import pytest
from support.images import as_images
from support.paths import ROOT
from support.study import values

from globscope import load

SMALL = (
    "task.train_examples=20",
    "population.train.epochs=1",
    "population.train.save_every=1",
    "population.train.milestones=[]",
    "population.train.schedule=constant",
    "sampler.0.resolution=3",
    "evaluator.examples=10",
)
VIT = "task.model_options={ patch = 8, dim = 16, depth = 1, heads = 2 }"
RESNET = ("task.model=resnet20", "task.model_options={ width = 2 }", "evaluator.calibration_examples=10")
CURVES = ("analysis.0.epochs=2", "analysis.0.points=5", "analysis.1.points=3")


@pytest.fixture
def results(tmp_path):
    """A function that returns what a spec of the repository finds on twenty images, with settings."""
    images = as_images(tmp_path / "images")

    def found(name, *settings):
        return values(load(ROOT / f"specs/{name}.toml", [f"task.path={images}", *SMALL, *settings], tmp_path / "run"))

    return found


@pytest.mark.slow
def test_six_curves_are_compared_with_three_maps_as_in_the_papers_table(results):
    found = results("resnet56-connectivity", *RESNET, *CURVES)
    _, projections = found.findings["mode-connectivity"].tables
    shown = {(row["name"], row["fit"], row["pair"]) for row in projections.rows}
    maps, pairs = ("autoencoder", "kernel-pca", "umap"), [f"G–{other}" for other in "ABCDEF"]
    assert shown == {(map_, fit, pair) for map_ in maps for fit in ("unseen", "every second point") for pair in pairs}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "runs"), [("vit", 5), ("vit-small", 2)])
def test_a_transformer_is_trained_and_its_runs_are_on_the_maps(results, name, runs):
    found = results(name, VIT)
    assert len(found.atlas.population.variants) == runs
    assert all(np.isfinite(map_.landscape.fields["train_loss"]).all() for map_ in found.atlas.maps)
