"""A zoo beside the population: what learns from it, what is stored, and what is refused."""

import shutil

import numpy as np
import pytest
from attrs import evolve
from support.study import run_undrawn
from typer.testing import CliRunner

import globscope
from globscope.cli.app import app
from globscope.errors import GlobscopeError
from globscope.pipeline.stages.align.pairs import AlignerStage
from globscope.pipeline.stages.population import population
from globscope.store import read_arrays

SPEC = """
[task]
use = "classification"
hidden = [6]
train_examples = 200
[population.train]
epochs = 1
[[population.variant]]
name = "A"
repeat = 2
[zoo.train]
epochs = 1
[[zoo.variant]]
name = "A"
repeat = 12
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
[[aligner]]
use = "deep-align"
LINE
[[aligner]]
name = "further"
use = "sinkhorn"
start = "deep-align"
steps = 2
[[analysis]]
use = "rebasin"
aligners = ["deep-align", "further"]
points = 3
"""
TINY = "steps = 2\nwidth = 4\nblocks = 1\nchannels = 4\npairs = 2"


def written(folder, line=TINY, name="study.toml", **replaced):
    text = SPEC.replace("LINE", line)
    for old, new in replaced.items():
        text = text.replace(old, new)
    (folder / name).write_text(text, "utf-8")
    return folder / name


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a spec whose aligner was trained alone."""
    made = tmp_path_factory.mktemp("zoo")
    called = CliRunner().invoke(app, ["align", "train", str(written(made)), "--out", str(made / "run")])
    assert called.exit_code == 0, called.output
    assert str(made / "run/aligners/deep-align.safetensors") in called.output
    return made


@pytest.fixture(scope="module")
def study(folder):
    return globscope.load(folder / "study.toml", folder=folder / "run")


@pytest.fixture(scope="module")
def result(study):
    return run_undrawn(study)


def table(result, analysis, name):
    return next(one for one in result.findings[analysis].tables if one.name == name)


def test_training_aligners_alone_runs_nothing_else_of_the_study(folder):
    assert {one.name for one in (folder / "run/stages").iterdir()} == {"train", "population", "learn"}
    assert len(list((folder / "run/stages/train").iterdir())) == 12


def test_a_run_of_the_zoo_is_another_network_than_that_of_the_population_with_its_name(study, result):
    workshop = study.workshop()
    zoo = population(workshop, "zoo")
    ours = result.atlas.population
    assert zoo.variants == tuple(f"A{number}" for number in range(1, 13))
    assert ours.variants[:2] == ("A1", "A2")
    assert not np.array_equal(zoo.weights[zoo.of("A1")[0]], ours.weights[ours.of("A1")[0]])


def test_the_study_takes_what_was_learned_and_tells_of_it(folder, result):
    assert len(list((folder / "run/stages/learn").iterdir())) == 1
    methods = [
        row["method"]
        for row in next(one for one in result.learned["deep-align"].tables if one.name == "unseen networks").rows
    ]
    assert methods == ["as they are", "weight-matching", "activation-matching", "deep-align"]
    assert any("learned from 8 networks only" in text for text in result.record["warnings"])


def test_an_aligner_that_starts_from_a_learned_one_is_among_the_methods(result):
    assert [row["how"] for row in table(result, "rebasin", "methods").rows][:3] == ["as it is", "deep-align", "further"]


def test_a_study_with_the_file_of_what_was_learned_needs_no_zoo_and_finds_the_same(folder, result):
    file = folder / "run/aligners/deep-align.safetensors"
    path = written(folder, f'aligner = "{file}"', "again.toml")
    document = path.read_text("utf-8")
    start, end = document.index("[zoo.train]"), document.index("[[reducer]]")
    path.write_text(document[:start] + document[end:], "utf-8")
    again = run_undrawn(globscope.load(path, folder=folder / "again"))
    assert table(again, "rebasin", "barriers") == table(result, "rebasin", "barriers")
    assert not (folder / "again/aligners").exists()


def test_what_is_learned_twice_has_equal_bytes_and_its_seconds_lie_beside_it(folder, study, result):
    del result  # it has learned
    shutil.copytree(folder / "run/stages", folder / "copy/stages", ignore=shutil.ignore_patterns("learn"))
    [(file, finding)] = evolve(study, folder=folder / "copy").train_aligners().values()
    assert file.read_bytes() == (folder / "run/aligners/deep-align.safetensors").read_bytes()
    [stage] = (folder / "copy/stages/learn").iterdir()
    assert {name.rpartition("/")[2] for name in read_arrays(stage / "times.safetensors")} == {"seconds"}
    assert all(row["seconds_per_pair"] is not None for row in finding.tables[0].rows)


def test_an_aligner_with_another_seed_learns_something_else(folder, study):
    other = globscope.load(written(folder, f"{TINY}\nseed = 5", "other.toml"), folder=folder / "run")
    keys = [AlignerStage.by(one.workshop(), "deep-align").key for one in (study, other)]
    assert keys[0] != keys[1]
    before = (folder / "run/aligners/deep-align.safetensors").read_bytes()
    [(file, _)] = other.train_aligners().values()
    assert file.read_bytes() != before
    assert len(list((folder / "run/stages/learn").iterdir())) == 2


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'start = "deep-align"',
            'start = "deep"',
            "F: aligner.1.start: there is no aligner 'deep'; known: activation-matching, deep-align, further, "
            "merge-many, sinkhorn, straight-through, weight-matching",
        ),
        ('start = "deep-align"', 'start = "further"', "aligner 'further' starts from itself: further from further"),
        (
            "hidden = [6]",
            'model = "resnet20"\ndata = "digits-images"\nmodel_options = { width = 2 }',
            "deep-align reads MLPs",
        ),
        (
            'name = "A"\nrepeat = 12',
            'name = "A"\nseed = 3\nrepeat = 12',
            "F: zoo.variant.0: repeat goes without 'seed'",
        ),
        (
            'name = "A"\nrepeat = 2\n',
            'name = "A"\nrepeat = 2\n[[population.variant]]\nname = "A1"\n',
            "F: population: with 'repeat', 'A1' is the name of two runs",
        ),
        ("repeat = 12", "repeat = 7", "F: zoo: aligner 'deep-align' learns from at least 8 networks; this is 7"),
        (
            "steps = 2\nwidth",
            "supervised = 0.0\nconnectivity = 0.0\nsteps = 2\nwidth",
            "deep-align: supervised, alignment and connectivity are all 0: there is nothing to learn",
        ),
        (
            "[zoo.train]\nepochs = 1\n",
            "",
            "F: zoo: needs exactly one of 'checkpoints' (or 'table') and [zoo.train], has neither",
        ),
    ],
)
def test_what_cannot_be_is_reported_before_anything_is_trained(tmp_path, old, new, says):
    path = tmp_path / "study.toml"
    path.write_text(SPEC.replace("LINE", TINY).replace(old, new), "utf-8")
    with pytest.raises(GlobscopeError) as refused:
        globscope.load(path, folder=tmp_path / "run").run()
    assert says.replace("F", str(path), 1 if says.startswith("F:") else 0) in str(refused.value)
    assert not list((tmp_path / "run").glob("**/train*"))


def test_check_counts_the_networks_of_a_zoo_that_are_there(tmp_path):
    document = SPEC.replace("LINE", TINY)
    start, end = document.index("[zoo.train]"), document.index("[[reducer]]")
    path = tmp_path / "study.toml"
    path.write_text(f'{document[:start]}[zoo]\ncheckpoints = "zoo/{{variant}}/{{step}}.pt"\n{document[end:]}', "utf-8")
    for name in "abc":
        (tmp_path / "zoo" / name).mkdir(parents=True)
        (tmp_path / "zoo" / name / "1.pt").touch()
    called = CliRunner().invoke(app, ["check", str(path)])
    assert called.exit_code == 2
    assert "zoo: aligner 'deep-align' learns from at least 8 networks; this is 3" in " ".join(called.output.split())


def test_an_aligner_that_learns_asks_for_a_zoo(tmp_path):
    document = SPEC.replace("LINE", TINY)
    start, end = document.index("[zoo.train]"), document.index("[[reducer]]")
    path = tmp_path / "study.toml"
    path.write_text(document[:start] + document[end:], "utf-8")
    with pytest.raises(GlobscopeError) as refused:
        globscope.load(path, folder=tmp_path / "run").run()
    assert str(refused.value) == (
        f"{path}: aligner 'deep-align' learns from networks: give it a table [zoo], written as [population] is, or a "
        "file in which it was stored"
    )


def test_a_spec_without_aligners_that_learn_has_none_to_train(tmp_path):
    path = tmp_path / "study.toml"
    start = SPEC.index("[[aligner]]")
    path.write_text(SPEC[:start], "utf-8")
    called = CliRunner().invoke(app, ["align", "train", str(path), "--out", str(tmp_path / "run")])
    assert called.exit_code == 2
    assert "no [[aligner]] of it learns anything" in called.output
