"""`globscope merge`: a merged network leaves a finished run with the fields that the analysis measured."""

import re

import numpy as np
import pytest
from safetensors.numpy import load_file
from support.commands import assert_refused, run
from support.study import CHILDREN, run_undrawn, study_in

from globscope.builtin.analyses.merging.best import not_better
from globscope.builtin.analyses.merging.merges import Merged
from globscope.builtin.analyses.merging.networks import mergeable
from globscope.errors import RunError
from globscope.session import finished_result

SPEC = f"""
[task]
use = "classification"
hidden = [8]
{CHILDREN.strip()}
[[population.variant]]
name = "C"
learning_rate = 5e-2
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
[evaluator]
use = "torch"
examples = 64
[[analysis]]
use = "merging"
points = 3
scales = [0.5, 1.0]
examples = 20
[[analysis]]
use = "merging"
name = "aligned"
points = 3
scales = [1.0]
examples = 20
aligner = "weight-matching"
repair = true
repair_examples = 100
"""
# Sums of float32 in another order.
ROUNDING = {"abs": 1e-6, "rel": 1e-5}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run of three children of one parent."""
    folder = tmp_path_factory.mktemp("merge")
    run_undrawn(study_in(folder, SPEC))
    return folder / "run"


@pytest.fixture(scope="module")
def result(finished):
    return finished_result(finished)


def soups(result, analysis="merging"):
    return {row["recipe"]: row for row in result.findings[analysis].table("soups").rows if row["set"] == "all"}


@pytest.mark.parametrize("recipe", ["uniform", "greedy", "task arithmetic", "TIES", "DARE"])
def test_every_recipe_leaves_with_the_fields_in_the_table(result, recipe):
    taken, row = result.network(soup=recipe, members=["A", "B", "C"]), soups(result)[recipe]
    for key, value in taken.fields.items():
        assert value == pytest.approx(row[key], **ROUNDING)
    assert taken.known == pytest.approx(dict(taken.fields), **ROUNDING)


def test_a_repaired_mean_leaves_as_a_plain_network_with_the_fields_in_the_table(finished, result, tmp_path):
    taken, row = result.network(soup="REPAIR", members=["A", "B", "C"], analysis="aligned"), soups(result, "aligned")
    for key, value in taken.fields.items():
        assert value == pytest.approx(row["REPAIR"][key], **ROUNDING)
        assert value != row["uniform"][key]
    request = ("--analysis", "aligned", "--recipe", "REPAIR", "--members", "A,B,C")
    assert run("merge", finished, *request, "--out", tmp_path / "soup").exit_code == 0
    tensors, layout = load_file(next((tmp_path / "soup").glob("*.safetensors"))), result.atlas.population.layout
    assert {name: tensor.shape for name, tensor in tensors.items()} == dict(
        zip(layout.names, layout.shapes, strict=True)
    )


def test_slerp_of_two_leaves_with_the_field_in_the_table(result):
    (row,) = (row for row in result.findings["merging"].table("pairs").rows if (row["one"], row["other"]) == ("A", "C"))
    assert result.network(soup="slerp", members=["A", "C"]).fields["train_loss"] == pytest.approx(
        row["slerp"], **ROUNDING
    )


def test_aligned_networks_are_merged_aligned(result):
    taken, row = result.network(soup="uniform", analysis="aligned", members=["A", "B", "C"]), soups(result, "aligned")
    assert taken.fields["train_loss"] == pytest.approx(row["uniform"]["train_loss"], **ROUNDING)


def test_the_best_is_the_best_of_all_sets_and_pairs_by_the_field_of_selection(result):
    findings, best = result.findings["merging"], result.network(soup="best").fields["train_loss"]
    recipes = ("greedy", "slerp", "task arithmetic", "TIES", "DARE")
    values = [row["train_loss"] for row in findings.table("soups").rows]
    values += [row[name] for row in findings.table("pairs").rows for name in (*recipes, "merged")]
    assert best == pytest.approx(min(values), **ROUNDING)


def test_the_command_writes_the_mean_with_a_card_that_says_what_it_is(finished, tmp_path):
    done = run("merge", finished, "--recipe", "uniform", "--members", "A,B", "--out", tmp_path / "soup")
    assert done.exit_code == 0, done.stderr
    tensors = load_file(next((tmp_path / "soup").glob("*.safetensors")))
    population = finished_result(finished).atlas.population
    rows = [population.of(name)[-1] for name in ("A", "B")]
    wanted = population.layout.unflatten(np.asarray(population.weights[rows]).mean(axis=0))
    for name, tensor in wanted.items():
        np.testing.assert_allclose(tensors[name], tensor, atol=1e-7)
    card = (tmp_path / "soup" / "README.md").read_text("utf-8")
    assert "Uniform of A, B" in card
    assert "A@2, B@2" in card


NOT_BETTER = {
    ("--best",): r"greedy of C: this is C alone; no merge has a better training loss than its (0\.\d+)",
    ("--recipe", "uniform"): r"uniform of B, C: no better than C alone, whose training loss is (0\.\d+); that of the ",
}


@pytest.mark.parametrize("options", NOT_BETTER)
def test_a_merge_that_does_not_beat_the_best_network_says_so_in_output_and_card(finished, result, tmp_path, options):
    members = soups(result)["greedy"]
    assert members["setting"] == "1 of 3: C"  # so no merge of this study beats its best network
    done = run("merge", finished, *options, "--out", tmp_path / "soup")
    found = re.search(f"warning: {NOT_BETTER[options]}", done.stderr)
    assert float(found[1]) == pytest.approx(members["best_member"], rel=1e-5)
    assert re.search(rf"\*\*Warning:\*\* {NOT_BETTER[options]}", (tmp_path / "soup" / "README.md").read_text("utf-8"))


def test_a_merge_that_beats_the_best_network_has_no_warning(result):
    networks = mergeable(result.atlas, (), None)
    by = result.atlas.field_of("train_loss")
    lower = {"train_loss": float(networks.fields["train_loss"].min()) * 0.9}
    merged = Merged(method="uniform", setting="", fields=lower)
    assert [*not_better("uniform", merged, "best", networks, by)] == []


MESSAGES = {
    ("--recipe", "gredy"): "merge: there is no recipe 'gredy'; did you mean 'greedy'?",
    ("--recipe", "slerp", "--members", "A,B,C"): "merge: slerp does not apply: it merges two networks",
    ("--recipe", "REPAIR"): "merge: REPAIR does not apply: the analysis has no `repair = true`",
    ("--members", "A,D"): "there is no network 'D'",
    ("--best", "--members", "A,B"): "--best is of all recipes, sets and pairs; leave out --recipe and --members",
    (): "give at least one of --best, --recipe and --members",
    (
        "--best",
        "--analysis",
        "mergings",
    ): "merge: no analysis 'mergings' of this study merges networks; did you mean 'merging'?",
}


@pytest.mark.parametrize("options", MESSAGES)
def test_what_cannot_be_merged_is_said(finished, options):
    done = run("merge", finished, *options)
    assert_refused(done)
    assert MESSAGES[options] in done.stderr


def test_a_study_without_the_analysis_says_how_to_get_it(result, tmp_path):
    spec = (
        SPEC[: SPEC.index("[[analysis]]")]
        .replace("\nepochs = 2", "\nepochs = 1")
        .replace("save_every = 2", "save_every = 1")
    )
    run_undrawn(study_in(tmp_path, spec))
    with pytest.raises(RunError, match=r"merge: no analysis of this study merges networks; add the analysis merging"):
        finished_result(tmp_path / "run").network(soup="best")
