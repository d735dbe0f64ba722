"""Tiny specs, a study's values, and an observer that takes notes."""

from contextlib import contextmanager
from unittest.mock import patch

import numpy as np

from globscope import load
from globscope.pipeline.observer import Observer
from globscope.pipeline.run import run
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.values.chart import Progress

TWO_RUNS = """
[population.train]
epochs = 2
save_every = 1
[[population.variant]]
name = "A"
learning_rate = 1e-2
[[population.variant]]
name = "B"
learning_rate = 2e-2
"""


def trained_runs(*names, **options):
    """Return the part of a spec by which runs of these names are trained, with options of its table."""
    settings = [f"{key} = {value}" for key, value in options.items()]
    return "\n".join(["[population.train]", *settings, *(f'[[population.variant]]\nname = "{name}"' for name in names)])


# Two children of one parent.
CHILDREN = "\n[population.parent]\nepochs = 1" + TWO_RUNS.replace("save_every = 1", "save_every = 2")
MAP = """
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
"""
TINY = f"""
title = "tiny"
[task]
use = "classification"
hidden = [8]
{TWO_RUNS.strip()}
[[population.variant]]
name = "C"
batch_size = 128
learning_rate = 2e-2
{MAP.strip().replace("3", "5")}
[evaluator]
use = "torch"
examples = 64
"""
# A map of one run, of a kind, with options and a resolution.
ONE_RUN = """
[task]
use = "classification"
hidden = [8]
[population.train]
epochs = 1
[[population.variant]]
name = "A"
[[reducer]]
use = "{use}"
{options}
[[sampler]]
use = "grid"
resolution = {resolution}
[evaluator]
use = "torch"
examples = 64
"""


def study_in(folder, text, *overrides, run="run"):
    """Write a spec into a folder and return its study, whose results lie beside it."""
    (folder / "study.toml").write_text(text, "utf-8")
    return load(folder / "study.toml", overrides, folder / run)


def studies_in(folder, registry):
    """Return a function that returns the study of a text, with the components of a registry, in a folder of its own."""

    def study_of(text, name="run", overrides=()):
        path = folder / "study.toml"
        path.write_text(text, "utf-8")
        return Study(spec=read_spec(path, overrides, registry), folder=folder / name, registry=registry)

    return study_of


def assert_same_fields(one, two):
    """Require the same fields of members and samples in the values of two studies, to the last bit."""
    for found, wanted in zip(_fields(one), _fields(two), strict=True):
        assert found.keys() == wanted.keys()
        for name, losses in found.items():
            np.testing.assert_array_equal(losses, wanted[name])


def _fields(outcome):
    return outcome.atlas.truth, *(one.landscape.fields for one in outcome.atlas.maps)


def values(study, observer=None, workers=None):
    """Return what a study finds, without its report: to draw it takes longer than all else of a tiny study."""
    return run(study.workshop(observer, workers=workers))


@contextmanager
def blank_pictures():
    """Leave pictures without content: to draw them takes longer than all else of a tiny report."""
    theme = "globscope.report.style.theme"
    with patch(f"{theme}.as_png", lambda _: b"png"), patch(f"{theme}.as_svg", lambda _: b"svg"):
        yield


def run_undrawn(study):
    """Return a study's results, which are written; its report is not drawn."""
    with patch("globscope.report.write_report", lambda folder, **_: folder / "report.html"):
        return study.run()


class Notes(Observer):
    """Remembers which stages ran and which were kept."""

    def __init__(self):
        self.ran, self.kept, self.warned = [], [], []

    def stage(self, name):
        self.ran.append(name)
        return Progress()

    def reuse(self, name):
        self.kept.append(name)

    def warning(self, text):
        self.warned.append(text)


TINY_TASK = """
[task]
use = "tiny"
[population.train]
epochs = 4
save_every = 2
[[population.variant]]
name = "A"
learning_rate = 1e-2
[[population.variant]]
name = "B"
learning_rate = 3e-2
"""
