"""The analysis `rebasin`: on networks of which one is a permuted copy of another, and by its own laws."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support.permuted import networks
from support.study import run_undrawn, study_in, values

import globscope
from globscope.builtin.analyses.rebasin.analysis import third_variant
from globscope.errors import GlobscopeError
from globscope.session import finished_result

SPEC = """
[task]
use = "classification"
hidden = [12, 8]
[population]
checkpoints = "{variant}-{step}.safetensors"
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 5
[[topology]]
use = "gudhi"
persistence = 0.0
[[analysis]]
use = "rebasin"
points = 5
LINES
"""


def study(folder, lines=""):
    return study_in(folder, SPEC.replace("LINES", lines))


def refusal(folder, lines):
    with pytest.raises(GlobscopeError) as refused:
        study(folder, lines).run()
    return str(refused.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return where three runs lie: A, its permuted copy B, and C, which is A with all weights scaled."""
    made = tmp_path_factory.mktemp("rebasin")
    networks(made)
    for step in range(3):
        own = load_file(made / f"A-{step}.safetensors")
        save_file({name: 1.5 * tensor for name, tensor in own.items()}, made / f"C-{step}.safetensors")
    return made


@pytest.fixture(scope="module")
def result(folder):
    return values(study(folder, 'pairs = [["A", "B"]]'))


def table(result, name):
    return next(one for one in result.findings["rebasin"].tables if one.name == name)


def by_how(result, name, **wanted):
    rows = [row for row in table(result, name).rows if all(row[key] == value for key, value in wanted.items())]
    return {row["how"]: row for row in rows}


def test_a_permuted_copy_is_brought_back_to_the_network_it_copies(result):
    population = result.atlas.population
    goal = population.of("A")[-1]
    for how in ("weight-matching", "activation-matching"):
        (row,) = (r for r, m in enumerate(population.members) if (m.variant, m.step) == (f"B→A {how}", 2))
        assert np.array_equal(population.weights[row], population.weights[goal])


def test_all_checkpoints_of_a_run_take_the_permutation_of_the_last(result):
    population = result.atlas.population
    again = [row for row, member in enumerate(population.members) if member.variant == "B→A weight-matching"]
    assert np.array_equal(population.weights[again], population.weights[population.of("A")])


def test_a_rebased_network_computes_what_it_did(result):
    changed = [row["changed"] for row in table(result, "barriers").rows]
    assert 0 <= max(changed) < 1e-5  # sums in another order, float32


def test_the_barrier_to_a_permuted_copy_vanishes_and_that_of_a_random_permutation_does_not(result):
    rows = by_how(result, "barriers")
    assert list(rows) == ["as it is", "weight-matching", "activation-matching", "random", "third network"]
    # The line's networks are all the same one, up to float32 rounding of its mixtures.
    assert rows["weight-matching"]["train_loss_barrier"] == pytest.approx(0, abs=1e-6)
    assert rows["as it is"]["of_before"] == 1


def test_a_rebased_copy_lies_in_its_partners_basin_seen_and_unseen(folder):
    shown = SPEC.replace('"pca"', '"plane"').replace("persistence = 0.0", "persistence = 0.1")
    result = values(study_in(folder, shown.replace("LINES", 'pairs = [["A", "B"]]\naligners = ["weight-matching"]')))
    for fit in ("unseen", "in the fit"):
        row = by_how(result, "counts", fit=fit)["weight-matching"]
        assert (row["networks"], row["in_basin"], row["nearest"]) == (1, 1, 1)


def test_a_map_that_does_not_show_a_partner_claims_no_basin_for_a_rebased_copy(result):
    """On five samples an axis none is so near to a member that it is trusted."""
    assert not result.atlas.maps[0].landscape.trusted.any()
    for fit in ("unseen", "in the fit"):
        row = by_how(result, "counts", fit=fit)["weight-matching"]
        assert (row["networks"], row["in_basin"], row["nearest"]) == (1, None, 1)


def test_a_network_outside_the_maps_span_says_so_until_it_is_in_the_fit(result):
    unseen, seen = (by_how(result, "networks", fit=fit)["random"] for fit in ("unseen", "in the fit"))
    assert unseen["outside"] > 0.3
    # In the span of the fit, but for rounding of its float64 coordinates.
    assert seen["outside"] == pytest.approx(0, abs=1e-5)


def test_pictures_show_the_lines_and_the_rebased_runs_on_the_map(result):
    names = [one.name for one in result.findings["rebasin"].pictures]
    assert names == ["straight lines", "weight-matching on pca", "activation-matching on pca"]
    run = result.findings["rebasin"].pictures[1].trails[0]
    assert len(run.points) == 3


def test_methods_are_reported_by_their_medians_over_the_pairs(result):
    one, all_of = by_how(result, "barriers"), by_how(result, "methods")
    assert list(all_of) == list(one)
    for how, row in all_of.items():
        assert row["pairs"] == 1
        assert row["train_loss_barrier"] == row["train_loss_mean"] == one[how]["train_loss_barrier"]


def test_a_run_brought_back_to_the_one_it_copies_takes_its_steps_on_the_map(result):
    drawn = result.atlas.maps[0]
    latents = drawn.chart.latents[drawn.population.of("A")]
    row = by_how(result, "runs", fit="unseen")["weight-matching"]
    # Float64 sums over float32 weights in another order.
    assert row["length"] == pytest.approx(np.linalg.norm(np.diff(latents, axis=0), axis=1).sum(), rel=1e-5)
    assert row["networks"] == 3
    assert row["in_basin"] is None  # the map shows neither of the two
    assert row["nearest"]


@pytest.mark.slow
def test_a_repaired_network_of_a_line_is_taken_as_a_plain_one_with_its_fields(folder):
    lines = 'pairs = [["A", "C"]]\naligners = ["weight-matching"]\ntrajectories = false\nrepair = true'
    shown = study(folder, lines)
    result = run_undrawn(shown)
    taken, back = (finished_result(shown.folder).network(curve=curve) for curve in (("A", "C", 0.5), ("C", "A", 0.5)))
    [plain, repaired] = result.findings["rebasin"].pictures[:2]
    assert not [one for one in plain.panels[0].series if "repaired" in one.label]
    assert [one.label for one in repaired.panels[0].series] == ["weight-matching", "weight-matching, repaired"]
    [line] = (panel for panel in repaired.panels if panel.title == "A–C")
    [series] = (one for one in line.series if one.label == "weight-matching, repaired")
    assert taken.fields["train_loss"] == back.fields["train_loss"] == pytest.approx(series.y[2], rel=1e-5)


def test_an_aligner_of_sets_fits_all_runs_to_one_another_at_once(folder):
    def stages():
        return set((folder / "run/stages/align").glob("*"))

    before = stages()
    found = values(study(folder, 'aligners = ["merge-many"]\ntrajectories = false'))
    # The three runs at once, and alone the one alignment to a third network that is no pair of the analysis.
    assert len(stages() - before) == 2
    population = found.atlas.population
    [rebased] = (row for row, member in enumerate(population.members) if member.variant == "B→A merge-many")
    assert np.array_equal(population.weights[rebased], population.weights[population.of("A")[-1]])
    for one, other in (("A", "B"), ("A", "C"), ("B", "C")):
        assert by_how(found, "barriers", one=one, other=other)["merge-many"]["changed"] < 1e-6


def test_lines_are_also_measured_with_their_networks_repaired(folder):
    plain = 'pairs = [["A", "B"]]\naligners = ["weight-matching"]\ntrajectories = false'
    found = values(study(folder, f"{plain}\nrepair = true"))
    rows = by_how(found, "barriers", one="A", other="B")
    assert [*rows] == [
        "as it is", "as it is, repaired", "weight-matching", "weight-matching, repaired", "random", "third network"
    ]  # fmt: skip
    # Between a network and itself nothing needs repair.
    assert rows["weight-matching, repaired"]["train_loss_barrier"] == pytest.approx(0, abs=1e-6)
    assert rows["as it is, repaired"]["train_loss_area"] != rows["as it is"]["train_loss_area"]
    assert "REPAIR" in table(found, "barriers").caption
    for row in by_how(values(study(folder, plain)), "barriers", one="A", other="B").values():
        assert row == rows[row["how"]]


def test_another_option_of_an_aligner_derives_its_networks_anew(folder):
    lines = 'pairs = [["A", "C"]]\naligners = ["mine"]\n[[aligner]]\nuse = "activation-matching"\nname = "mine"\n'
    before = len(list((folder / "run/stages/derive").iterdir()))
    for examples in (1, 2, 2):
        values(study(folder, f"{lines}examples = {examples}"))
    assert len(list((folder / "run/stages/derive").iterdir())) == before + 2


def test_the_same_command_again_derives_nothing_anew(folder, result):
    again = values(study(folder, 'pairs = [["A", "B"]]'))
    assert again.findings == result.findings


def test_the_last_network_alone_is_rebased_where_that_is_asked_for(folder):
    found = values(study(folder, 'against = "A"\ntrajectories = false')).atlas.population
    assert [member.step for member in found.members if member.kind == "rebased"] == [2] * 8


@pytest.mark.parametrize(
    ("pair", "variants", "third"),
    [(("A", "B"), "ABC", "C"), (("B", "A"), "ABC", "C"), (("A", "C"), "ABC", "B"), (("A", "B"), "AB", None)],
)
def test_the_third_network_is_neither_of_the_two(pair, variants, third):
    assert third_variant(pair, variants) == third


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ('pairs = [["A", "D"]]', "rebasin.pairs.0: there is no variant 'D'; known: A, B, C"),
        ('pairs = [["A", "A"]]', "rebasin.pairs.0: connects 'A' with itself; name two variants"),
        (
            'aligners = ["weight-macthing"]',
            "analysis.0.aligners: there is no aligner 'weight-macthing'; did you mean 'weight-matching'?",
        ),
    ],
)
def test_what_cannot_be_rebased_is_reported_before_anything_long(folder, lines, text):
    assert refusal(folder, lines).endswith(text)


def test_a_network_that_cannot_be_followed_is_refused_by_the_layer(tmp_path):
    networks(tmp_path)
    (tmp_path / "net.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Sequential):\n"
        "    def forward(self, x):\n"
        "        return super().forward(x) if x.sum() > 0 else super().forward(-x)\n"
        "def build():\n"
        "    linear = torch.nn.Linear\n"
        "    relu = torch.nn.ReLU\n"
        "    return Net(torch.nn.Flatten(), linear(64, 12), relu(), linear(12, 8), relu(), linear(8, 10))\n"
    )
    text = SPEC.replace("hidden = [12, 8]", 'model = "net.py:build"').replace("LINES", "")
    for file in tmp_path.glob("*.safetensors"):
        own = load_file(file)
        names = [f"{layer}.{kind}" for layer in (1, 3, 5) for kind in ("weight", "bias")]
        save_file(dict(zip(names, own.values(), strict=True)), file)
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(GlobscopeError, match=r"the model itself cannot be traced: .* at net.py:4"):
        globscope.load(tmp_path / "study.toml", folder=tmp_path / "run").run()


def test_only_the_line_between_the_runs_as_they_are_is_a_known_path_of_theirs(result):
    paths = [path for path in result.findings["rebasin"].paths if path.field == "train_loss"]
    assert [(path.one, path.other, path.found_by) for path in paths] == [("A", "B", "straight line")]
    before = next(row for row in table(result, "barriers").rows if row["how"] == "as it is")
    assert paths[0].worst >= before["train_loss_barrier"]
