"""Landscapes in other programs' files: what is read gets a tree, what is written holds the same numbers."""

import csv
import json
import re
import sys
import zipfile

import numpy as np
import pytest
from attrs import define, evolve
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from support.maps import a_map, atlas_of, grid, population
from typer.testing import CliRunner

from globscope.builtin.topology import Gudhi
from globscope.cli import app
from globscope.errors import PluginError, SpecError
from globscope.exchange import condense
from globscope.files import classic, landscaper, table
from globscope.files.arrays import lattice_samples, unsampled_landscape
from globscope.files.paraview import suffix, write_landscape, write_member_points, write_tree
from globscope.files.read import ACCEPTED, read_landscape, read_run_files
from globscope.files.tree import tree_record
from globscope.registry import Component, Registry
from globscope.report.page.files import write_values
from globscope.store import claim, write_json
from globscope.values.landscape import Samples
from globscope.values.members import Member

RNG = np.random.default_rng(7)
AXES = (np.linspace(-1, 1, 4), np.linspace(2, 8, 3), np.linspace(0, 1, 5))


def lopsided(points):
    """A field that no exchange of axes, and no reversal, leaves as it is."""
    # Summed by itself, point by point: a BLAS rounds one point alone otherwise than the same one among many.
    return np.sin((points * np.array([1.0, 0.3, 0.07])[: points.shape[1]]).sum(axis=1)) + points[:, 0]


def on_lattice(axes=AXES):
    samples = lattice_samples(axes)
    return unsampled_landscape(
        samples, {"train_loss": lopsided(samples.points), "train_accuracy": samples.points[:, 0] / 4}
    )


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def strict(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def condensed(path, *options):
    result = run("topology", path, "--json", *options)
    assert result.exit_code == 0, result.output
    return strict(result.stdout)


# --- the topology of a file -------------------------------------------------------------------------


def test_the_topology_of_a_lattice_has_the_promised_keys_with_vertices_in_c_order(tmp_path):
    values = np.array([[5, 4, 3, 9], [9, 8, 9, 9], [0, 1, 2, np.nan]], float)
    found = condensed(saved(tmp_path / "a.npz", values=values), "--persistence", "0.1")
    assert found["pairs"] == [
        {"birth": 0.0, "death": None, "birth_vertex": 8, "death_vertex": None},
        {"birth": 3.0, "death": 8.0, "birth_vertex": 2, "death_vertex": 5},
    ]
    assert found["nodes"] == [
        {"vertex": 8, "value": 0.0, "kind": "minimum"},
        {"vertex": 2, "value": 3.0, "kind": "minimum"},
        {"vertex": 5, "value": 8.0, "kind": "saddle"},
        {"vertex": 7, "value": 9.0, "kind": "root"},
    ]
    assert sorted(found["arcs"]) == [[0, 2], [1, 2], [2, 3]]
    assert found["counts"] == {"minima": 2, "saddles": 1}
    assert (found["samples"], found["shape"], found["left_out"]) == (12, [3, 4], 1)


fields = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.sampled_from([0, 1, 2, 5, np.nan])
)


@settings(max_examples=40, deadline=None)
@given(values=fields)
def test_at_threshold_0_every_pair_is_kept_but_those_of_zero_persistence_and_raw_keeps_those_too(
    values, tmp_path_factory
):
    if not np.isfinite(values).any():
        values = np.zeros_like(values)
    path = saved(tmp_path_factory.mktemp("field") / "a.npz", values=values)
    some, every = condense(path, persistence=0).record, condense(path, raw=True).record
    assert some["pairs"] == [pair for pair in every["pairs"] if pair["death"] != pair["birth"]]
    assert strict(json.dumps(every)) == every
    for node in every["nodes"]:
        assert values.ravel()[node["vertex"]] == node["value"]


def test_raw_beside_a_threshold_is_refused(tmp_path):
    path = saved(tmp_path / "a.npz", values=np.zeros((3, 3)))
    assert run("topology", path, "--raw", "--persistence", "0").exit_code == 0
    result = run("topology", path, "--raw", "--persistence", "0.1")
    assert (result.exit_code, result.stderr) == (
        2,
        "error: --raw keeps every pair, --persistence removes some: give one of them\n",
    )


def test_a_files_own_edges_decide_who_is_a_neighbour(tmp_path):
    values, points = RNG.random(30), RNG.random((30, 2))
    order = RNG.permutation(30)
    path = np.stack([order[:-1], order[1:]], axis=1)
    meshed = condensed(saved(tmp_path / "mesh.npz", points=points, values=values, edges=path))
    line = condensed(saved(tmp_path / "line.npz", values=values[order]))
    assert [pair["birth"] for pair in meshed["pairs"]] == [pair["birth"] for pair in line["pairs"]]
    assert [pair["death"] for pair in meshed["pairs"]] == [pair["death"] for pair in line["pairs"]]
    assert [order[node["vertex"]] for node in line["nodes"]] == [node["vertex"] for node in meshed["nodes"]]


def test_without_edges_points_are_triangulated_and_another_adjacency_can_be_asked_for(tmp_path):
    points = RNG.random((40, 2))
    plain = saved(tmp_path / "plain.npz", points=points, values=lopsided(points))
    by_default, delaunay = (
        condensed(plain, "--persistence", "0"),
        condensed(plain, "--persistence", "0", "--adjacency", "delaunay"),
    )
    assert by_default["pairs"] == delaunay["pairs"]
    alone = saved(tmp_path / "alone.npz", points=points, values=lopsided(points), edges=np.empty((0, 2), int))
    assert condensed(alone)["counts"] == {"minima": 40, "saddles": 0}
    assert condensed(alone, "--adjacency", "delaunay")["arcs"] == condensed(plain)["arcs"]


def test_differences_beyond_the_largest_float_stay_out_of_the_json(tmp_path):
    found = condensed(saved(tmp_path / "a.npz", values=np.array([-7e307, 8e307, -7e307, 8e307, -7e307])))
    assert [pair["death"] for pair in found["pairs"]] == [None, 8e307, 8e307]
    assert found["average_persistence"] is None
    wider = condensed(saved(tmp_path / "b.npz", values=np.array([-1e308, 1e308, -1.1e308])))
    assert [pair["death"] for pair in wider["pairs"]] == [None, 1e308]


def test_the_table_lists_the_most_persistent_pairs(tmp_path):
    values = np.tile([0.0, 2.0], 14) + np.arange(28) / 100
    result = run("topology", saved(tmp_path / "a.npz", values=values))
    first, title, _, *rows = result.stdout.splitlines()
    message = "values, 28 samples; minima: 14, saddles: 13 (gudhi, pairs of persistence > 0.1)"
    assert first == f"{tmp_path / 'a.npz'}: {message}"
    assert title == "Most persistent pairs; 4 more with --json"
    assert rows[0].split() == ["0", "0", "–", "–", "never", "dies"]
    assert len(rows) == 10


def test_pictures_and_json_go_where_they_are_asked_for(tmp_path):
    path = saved(tmp_path / "a$.npz", values=RNG.random((6, 7)))
    assert run("topology", path, "--out", tmp_path / "new" / "out").exit_code == 0
    written = tmp_path / "new" / "out"
    assert {p.name for p in written.iterdir()} == {
        "files.jsonl",
        "topology.json",
        "merge-tree.png",
        "merge-tree.svg",
        "persistence.png",
        "persistence.svg",
        "profile.png",
        "profile.svg",
    }
    assert strict((written / "topology.json").read_text()) == condensed(path)


def test_a_runs_own_landscape_has_the_tree_of_its_report(tmp_path):
    drawn = a_map(samples=grid(9))
    write_values(tmp_path, atlas_of(drawn))
    found = condensed(tmp_path / "landscapes/one-grid.npz")
    kept_tree = strict((tmp_path / "topology/one-grid-gudhi.json").read_text())
    assert found["field"] == "train_loss"
    assert {key: found[key] for key in kept_tree["simplified"]} == kept_tree["simplified"]
    other = condense(tmp_path / "landscapes/one-grid.npz", field="test_loss")
    assert other.topology.field == "test_loss"


@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.int32, np.longdouble])
def test_integers_that_float64_holds_are_read_exactly(tmp_path, kind):
    held = [0, 7, 2**31 - 1] + [2**53, 2**60, 2**62 + 2**12] * (np.dtype(kind).itemsize > 4)
    np.savez(tmp_path / "whole.npz", values=np.array(held, kind))
    found = read_landscape(tmp_path / "whole.npz").fields["values"]
    assert found.dtype == np.float64
    assert [int(value) for value in found] == held


# --- bad input --------------------------------------------------------------------------------------

SIX = np.arange(12.0).reshape(6, 2)
BAD = {
    "no axis": ({"values": np.float64(1)}, "'values' must be a lattice of 1 to 8 axes, not of 0"),
    "too many axes": ({"values": np.zeros((1,) * 9)}, "'values' must be a lattice of 1 to 8 axes, not of 9"),
    "empty": ({"values": np.empty((3, 0))}, "'values' is empty, of shape (3, 0)"),
    "all NaN": ({"values": np.full((3, 3), np.nan)}, "no value of 'values' is finite, so there is nothing to sweep"),
    "all infinite": ({"values": np.full(3, np.inf)}, "no value of 'values' is finite, so there is nothing to sweep"),
    "words": ({"values": np.array(["a", "b"])}, "'values' must hold real numbers, not <U1"),
    "complex": ({"values": np.zeros(3, complex)}, "'values' must hold real numbers, not complex128"),
    "integers beyond 2^53": (
        {"values": np.array([2**53, 2**53 + 1])},
        "'values' holds 9007199254740993, which float64 cannot hold exactly (integers beyond 2^53 are rounded); "
        "subtract an offset, or store floating-point numbers",
    ),
    "the largest integer": (
        {"points": SIX, "values": np.full(6, 2**64 - 1, np.uint64)},
        "'values' holds 18446744073709551615, which float64 cannot hold exactly (integers beyond 2^53 are rounded); "
        "subtract an offset, or store floating-point numbers",
    ),
    "edges beyond all integers": (
        {"points": SIX, "values": np.zeros(6), "edges": np.array([[0, 2**63]], np.uint64)},
        "'edges' holds 9223372036854775808, beyond the largest integer of 64 bits",
    ),
    "objects": (
        {"values": np.array([1.0, None], object)},
        "the array 'values' holds Python objects, which are never unpickled; expected a .npz file of plain arrays, as "
        "numpy.savez writes it",
    ),
    "edges of a lattice": (
        {"values": np.zeros((3, 3)), "edges": np.array([[0, 1]])},
        "'edges' goes with 'points'; the neighbours on a lattice follow from its shape",
    ),
    "one axis of points": (
        {"points": np.zeros(6), "values": np.zeros(6)},
        "'points' must be (n, d), a row for each point, not of shape (6,)",
    ),
    "too few values": (
        {"points": SIX, "values": np.zeros(5)},
        "'values' must be one per point, (6,), not of shape (5,)",
    ),
    "columns of values": (
        {"points": SIX, "values": np.zeros((6, 1))},
        "'values' must be one per point, (6,), not of shape (6, 1)",
    ),
    "points nowhere": (
        {"points": np.where(SIX == 3, np.nan, SIX), "values": np.zeros(6)},
        "'points' must be finite; row 1 is [2.0, nan]",
    ),
    "no points": ({"points": np.empty((0, 2)), "values": np.empty(0)}, "'points' is empty, of shape (0, 2)"),
    "edges beyond": (
        {"points": SIX, "values": np.zeros(6), "edges": np.array([[0, 5], [1, 6]])},
        "'edges' must be numbers of the 6 points; row 1 is [1, 6]",
    ),
    "edges before": (
        {"points": SIX, "values": np.zeros(6), "edges": np.array([[-1, 5]])},
        "'edges' must be numbers of the 6 points; row 0 is [-1, 5]",
    ),
    "edges of floats": (
        {"points": SIX, "values": np.zeros(6), "edges": np.array([[0.0, 1.0]])},
        "'edges' must hold integers, not float64",
    ),
    "edges in threes": (
        {"points": SIX, "values": np.zeros(6), "edges": np.array([[0, 1, 2]])},
        "'edges' must be (m, 2), two numbers of points each, not of shape (1, 3)",
    ),
    "unknown arrays": ({"foo": np.zeros(3)}, f"holds 'foo'; {ACCEPTED}"),
    "no arrays": ({}, f"holds no array; {ACCEPTED}"),
    "landscaper's, unequal": (
        {"loss": np.zeros((3, 4)), "coordinates": np.zeros((2, 3))},
        "'coordinates' of shape (2, 3) are not axes of a 'loss' of shape (3, 4); expected a row for each axis",
    ),
    "landscaper's, a mesh": (
        {"loss": np.zeros((3, 3)), "coordinates": np.zeros((2, 3, 3))},
        "'coordinates' must have one axis, not shape (3, 3)",
    ),
    "landscaper's, nowhere": (
        {"loss": np.zeros((3, 3)), "coordinates": np.full((2, 3), np.nan)},
        "'coordinates' must be finite: coordinates cannot be missing",
    ),
    "a run's, without a field": ({"points": SIX, "trusted": np.ones(6, bool)}, "holds no field, such as 'train_loss'"),
    "a run's, with words for trust": (
        {"points": SIX, "trusted": np.full(6, "yes"), "loss": np.zeros(6)},
        "'trusted' must hold true and false, or 0 and 1",
    ),
    "a run's, with words for distances": (
        {"points": SIX, "trusted": np.ones(6, bool), "loss": np.zeros(6), "cycle_error": np.full(6, "near")},
        "'cycle_error' must hold real numbers, not <U4",
    ),
    "a run's, one place twice": (
        {"points": SIX, "trusted": np.ones(6, bool), "loss": np.zeros(6), "index": np.zeros((6, 2), int)},
        "two rows of 'index' are the same place of the lattice",
    ),
    "a run's, outside its lattice": (
        {"points": SIX, "trusted": np.ones(6, bool), "loss": np.zeros(6), "index": SIX.astype(int), "shape": [3, 3]},
        "'index' leads outside the lattice of shape (3, 3)",
    ),
    "a run's, several fields": (
        {"points": SIX, "trusted": np.ones(6, bool), "a": np.zeros(6), "b": np.zeros(6)},
        "has several fields, a, b; choose one by --field",
    ),
}


def assert_refused(path, message, *options):
    result = run("topology", path, "--json", *options)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    wanted = re.escape(f"error: {path}: {message}\n").replace(re.escape("***"), ".*")
    assert re.fullmatch(wanted, result.stderr), result.stderr


@pytest.mark.parametrize("case", BAD)
def test_a_bad_npz_is_reported_in_words(case, tmp_path):
    arrays, message = BAD[case]
    assert_refused(saved(tmp_path / "bad.npz", **arrays), message)


def alone(path):
    with path.open("wb") as opened:
        np.save(opened, np.zeros(3))


UNKNOWN = f"is of no known kind; {ACCEPTED}"
FILES = {
    "text": (lambda path: path.write_text("values"), UNKNOWN),
    "nothing": (lambda path: path.touch(), UNKNOWN),
    "an array alone": (alone, UNKNOWN),
    "a folder": (lambda path: path.mkdir(), f"is a folder; {ACCEPTED}"),
    "missing": (lambda path: None, f"there is no such file; {ACCEPTED}"),
    "cut": (lambda path: path.write_bytes(b"PK\x03\x04" + b"\0" * 40), "cannot be read as .npz: ***"),
    "a zip of text": (
        lambda path: zipped(path, "values", b"1 2 3"),
        "'values' is not an array; expected a .npz file of plain arrays, as numpy.savez writes it",
    ),
    "a zip of damage": (
        lambda path: zipped(path, "values.npy", b"\x93NUMPY\x01\x00"),
        "the array 'values' cannot be read: ***",
    ),
}


def zipped(path, name, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)


@pytest.mark.parametrize("case", FILES)
def test_what_is_no_npz_is_reported_in_words(case, tmp_path):
    make, message = FILES[case]
    make(tmp_path / "bad.npz")
    assert_refused(tmp_path / "bad.npz", message)


def test_options_that_cannot_be_are_reported_as_they_are_typed(tmp_path):
    path = saved(tmp_path / "a.npz", values=np.zeros((3, 3)))
    messages = {
        ("--backend", "gudi"): "--backend: there is no topology 'gudi'; did you mean 'gudhi'?",
        ("--persistence", "-1"): "--persistence: must be >= 0, got -1.0",
        ("--persistence", "nan"): "--persistence: must be finite, got nan",
        ("--field", "value"): f"{path}: has no field 'value'; did you mean 'values'?",
        ("--tree", "contours"): "--tree: there is no 'contours'; did you mean 'contour'?",
    }
    for options, line in messages.items():
        result = run("topology", path, *options)
        assert (result.exit_code, result.stderr) == (2, f"error: {line}\n")


@define(frozen=True, kw_only=True)
class Stranger:
    """A backend of another package, with two options of the usual ones."""

    field: str = "train_loss"
    persistence: float = 0.1

    def compute(self, landscape):
        if not landscape.fields[self.field].any():
            raise ZeroDivisionError("nothing but zeros")
        return Gudhi(field=self.field, persistence=self.persistence, adjacency="full").compute(landscape)


STRANGERS = Registry(
    components=(Component(role="topology", name="other", cls=Stranger, distribution="globscope-other", version="1.0"),)
)


def test_any_packages_backend_can_be_named(tmp_path):
    values = RNG.random((5, 6))
    path = saved(tmp_path / "a.npz", values=values)
    found = condense(path, persistence=0.2, backend="other", registry=STRANGERS)
    assert found.record["backend"] == "other"
    assert found.record["pairs"] == condense(path, persistence=0.2, adjacency="full").record["pairs"]
    with pytest.raises(SpecError, match=r"^--adjacency: there is no such key"):
        condense(path, backend="other", adjacency="full", registry=STRANGERS)
    with pytest.raises(
        PluginError, match=r"^topology 'other' \(globscope-other 1.0\) failed: ZeroDivisionError: nothing"
    ):
        condense(saved(tmp_path / "zero.npz", values=0 * values), backend="other", registry=STRANGERS)


# --- landscaper, and the classic HDF5 ---------------------------------------------------------------


def test_landscapers_loss_lies_at_its_coordinates(tmp_path):
    axes = np.stack([np.linspace(-1, 1, 5), np.linspace(3, 9, 5)])
    loss = np.array([[lopsided(np.array([[a, b]]))[0] for b in axes[1]] for a in axes[0]])
    found = read_landscape(saved(tmp_path / "a.npz", loss=loss, coordinates=axes))
    assert np.array_equal(found.fields["loss"], lopsided(found.samples.points))
    assert np.array_equal(found.fields["loss"], loss.ravel())
    assert found.samples.shape == (5, 5)


def test_a_landscape_written_for_landscaper_loads_as_landscaper_loads_it(tmp_path):
    samples = lattice_samples([AXES[0], AXES[0] * 3 + 1, AXES[0] ** 1])
    whole = unsampled_landscape(samples, {"train_loss": lopsided(samples.points)})
    landscaper.write_landscaper(tmp_path / "a.npz", whole, "train_loss")
    with np.load(tmp_path / "a.npz") as found:
        loss, coordinates = found["loss"], found["coordinates"]
    assert coordinates.shape == (3, 4)
    points = np.stack([each.ravel() for each in np.meshgrid(*coordinates, indexing="ij")], axis=1)
    assert np.array_equal(lopsided(points), loss.ravel())
    again = read_landscape(tmp_path / "a.npz")
    assert np.array_equal(again.samples.points, samples.points)


def surface(h5py, path, x, y, missing=()):
    """Write a surface as plot_surface.py does: places numbered by numpy's meshgrid, values put at these numbers."""
    values = -np.ones((len(x), len(y)))
    xs, ys = np.meshgrid(x, y)
    places = np.setdiff1d(np.arange(values.size), missing)
    values.ravel()[places] = lopsided(np.stack([xs.ravel(), ys.ravel()], axis=1))[places]
    with h5py.File(path, "w") as opened:
        opened["dir_file"] = "directions.h5"
        opened["xcoordinates"], opened["ycoordinates"] = x, y
        opened["train_loss"], opened["train_acc"] = values, values * 10
    return values


@pytest.mark.parametrize("sizes", [(5, 5), (4, 6)], ids=["square", "oblong"])
def test_the_classic_surface_is_read_as_its_writer_meant_it(sizes, tmp_path):
    h5py = pytest.importorskip("h5py", reason="reads HDF5")
    x, y = np.linspace(-1, 1, sizes[0]), np.linspace(4, 9, sizes[1])
    values = surface(h5py, tmp_path / "a.h5", x, y, missing=[3, 7])
    found = read_landscape(tmp_path / "a.h5")
    expected = lopsided(found.samples.points)
    expected[[3, 7]] = np.nan
    assert np.array_equal(found.fields["train_loss"], expected, equal_nan=True)
    assert set(found.fields) == {"train_loss", "train_acc"}
    tree = condensed(tmp_path / "a.h5", "--persistence", "0")
    assert tree["left_out"] == 2
    assert all(values.ravel()[node["vertex"]] == node["value"] for node in tree["nodes"])


def test_a_classic_curve_has_one_axis(tmp_path):
    h5py = pytest.importorskip("h5py", reason="reads HDF5")
    with h5py.File(tmp_path / "a.h5", "w") as opened:
        opened["xcoordinates"], opened["train_loss"] = np.linspace(-1, 1, 5), [1.0, 0.5, 2.0, 0.0, -1]
    assert condensed(tmp_path / "a.h5", "--persistence", "0")["counts"] == {"minima": 2, "saddles": 1}


def test_the_classic_hdf5_reads_back_as_it_was_written(tmp_path):
    h5py = pytest.importorskip("h5py", reason="writes HDF5")
    whole = on_lattice(AXES[:2])
    rows = np.delete(np.arange(12), 4)
    samples = Samples(points=whole.samples.points[rows], index=whole.samples.index[rows], shape=(4, 3))
    values = {name: values[rows] for name, values in whole.fields.items()}
    values["train_loss"][2] = np.inf
    classic.write_classic(tmp_path / "a.h5", unsampled_landscape(samples, values))
    with h5py.File(tmp_path / "a.h5") as opened:
        assert opened["train_loss"].shape == (4, 3)
        assert (opened["train_acc"][()] == -1).sum() == 1
        # The writer's own rule: place k of its memory is place k of meshgrid(x, y).
        xs, _ = np.meshgrid(opened["xcoordinates"], opened["ycoordinates"])
        assert np.allclose(
            opened["train_acc"][()].ravel(), np.where(opened["train_acc"][()].ravel() == -1, -1, xs.ravel() * 25)
        )
    again = read_landscape(tmp_path / "a.h5")
    assert sorted(again.fields) == ["train_acc", "train_loss"]
    place = {tuple(point): row for row, point in enumerate(again.samples.points)}
    there = [place[tuple(point)] for point in samples.points]
    assert np.array_equal(again.fields["train_loss"][there], values["train_loss"])
    assert np.isnan(again.fields["train_loss"]).sum() == 1


HDF5 = {
    "damaged": (lambda h5py, path: path.write_bytes(classic.MAGIC + b"?" * 90), "cannot be read as HDF5: ***"),
    "no axis": (
        lambda h5py, path: h5py.File(path, "w").create_dataset("a", data=[1.0]).file.close(),
        "holds 'a'; a surface of loss-landscape has 'xcoordinates'",
    ),
    "no surface": (
        lambda h5py, path: h5py.File(path, "w").create_dataset("xcoordinates", data=[1.0]).file.close(),
        "has no surface of its axes' shape (1,); it holds nothing else",
    ),
}


@pytest.mark.parametrize("case", HDF5)
def test_a_bad_hdf5_is_reported_in_words(case, tmp_path):
    h5py = pytest.importorskip("h5py", reason="reads HDF5")
    make, message = HDF5[case]
    make(h5py, tmp_path / "a.h5")
    assert_refused(tmp_path / "a.h5", message)


def test_without_h5py_a_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "a.h5").write_bytes(classic.MAGIC)
    message = 'reading HDF5 needs h5py, which is not installed: pip install "globscope[export]"'
    assert_refused(tmp_path / "a.h5", message)


# --- CSV and ParaView -------------------------------------------------------------------------------


def rows_of(path):
    with path.open(newline="") as opened:
        return list(csv.DictReader(opened))


def with_losses_that_are_not_finite(landscape):
    losses = np.array(landscape.fields["train_loss"])
    losses[:2] = np.nan, np.inf
    return evolve(landscape, fields={**landscape.fields, "train_loss": losses})


def test_csv_holds_coordinates_and_every_field_in_full_precision(tmp_path):
    landscape = with_losses_that_are_not_finite(on_lattice())
    table.write_table(tmp_path / "a.csv", landscape)
    rows = rows_of(tmp_path / "a.csv")
    assert list(rows[0]) == ["x", "y", "z", "train_loss", "train_accuracy", "distance_to_member", "trusted"]
    points = np.array([[float(row[axis]) for axis in "xyz"] for row in rows])
    assert np.array_equal(points, landscape.samples.points)
    losses = np.array([float(row["train_loss"]) for row in rows])
    assert np.array_equal(losses, landscape.fields["train_loss"], equal_nan=True)


def test_csv_with_what_is_not_finite_stays_numeric_in_vtks_reader(tmp_path):
    infovis = pytest.importorskip("vtkmodules.vtkIOInfovis", reason="reads CSV as ParaView does")
    landscape = with_losses_that_are_not_finite(on_lattice())
    table.write_table(tmp_path / "a.csv", landscape)
    reader = infovis.vtkDelimitedTextReader()
    reader.SetFileName(str(tmp_path / "a.csv"))
    reader.SetHaveHeaders(True)
    reader.DetectNumericColumnsOn()
    reader.Update()
    column = reader.GetOutput().GetColumnByName("train_loss")
    assert column.IsA("vtkDoubleArray")
    losses = [column.GetValue(row) for row in range(column.GetNumberOfValues())]
    assert np.array_equal(losses, landscape.fields["train_loss"], equal_nan=True)


def opened(path):
    """Return what vtk reads from a file, with its arrays at points and cells."""
    pytest.importorskip("vtkmodules", reason="opens VTK's files")
    from vtkmodules import vtkIOXML
    from vtkmodules.util.numpy_support import vtk_to_numpy

    reader = {".vti": vtkIOXML.vtkXMLImageDataReader, ".vtu": vtkIOXML.vtkXMLUnstructuredGridReader}[path.suffix]()
    reader.SetFileName(str(path))
    reader.Update()
    found = reader.GetOutput()
    points = np.array([found.GetPoint(i) for i in range(found.GetNumberOfPoints())])

    def arrays(of):
        each = [of.GetAbstractArray(i) for i in range(of.GetNumberOfArrays())]
        return {
            a.GetName(): [a.GetValue(i) for i in range(a.GetNumberOfValues())]
            if a.IsA("vtkStringArray")
            else vtk_to_numpy(a)
            for a in each
        }

    cells = [
        [found.GetCell(i).GetPointId(k) for k in range(found.GetCell(i).GetNumberOfPoints())]
        for i in range(found.GetNumberOfCells())
    ]
    return points, arrays(found.GetPointData()), cells, arrays(found.GetCellData())


def needs_vtk():
    return pytest.importorskip("vtkmodules", reason="writes VTK's files")


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_vti_has_every_value_where_its_sample_lies(d, tmp_path):
    needs_vtk()
    landscape = on_lattice(AXES[:d])
    write_landscape(tmp_path / "a.vti", landscape, {"basin_gudhi": np.arange(len(landscape.samples.points))})
    points, data, _, _ = opened(tmp_path / "a.vti")
    assert not points[:, d:].any()
    # The image keeps origin and spacing, from which points follow with rounding; a wrong order is off by a whole step.
    assert np.allclose(data["train_loss"], lopsided(points[:, :d]), atol=1e-12)
    assert np.allclose(landscape.samples.points[data["basin_gudhi"]], points[:, :d], atol=1e-12)
    assert sorted(data["train_loss"]) == sorted(landscape.fields["train_loss"])
    assert set(data) == {"train_loss", "train_accuracy", "distance_to_member", "trusted", "basin_gudhi"}


def test_places_of_a_lattice_without_a_sample_are_nan(tmp_path):
    needs_vtk()
    landscape = on_lattice(AXES[:2])
    rows = np.delete(np.arange(12)[::-1], 4)  # in an order of its own, as a sampler may ask
    samples = Samples(points=landscape.samples.points[rows], index=landscape.samples.index[rows], shape=(4, 3))
    write_landscape(tmp_path / "a.vti", unsampled_landscape(samples, {"loss": lopsided(samples.points)}), {})
    points, data, _, _ = opened(tmp_path / "a.vti")
    gap = np.isnan(data["loss"])
    assert gap.sum() == 1
    assert np.array_equal(data["trusted"], np.where(gap, -1, 1))
    assert np.allclose(data["loss"][~gap], lopsided(points[~gap, :2]), atol=1e-12)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_scattered_samples_are_triangulated_in_a_vtu(d, tmp_path):
    needs_vtk()
    points = RNG.random((20, d))
    landscape = unsampled_landscape(Samples(points=points), {"loss": lopsided(points)})
    assert suffix(landscape.samples) == ".vtu"
    write_landscape(tmp_path / "a.vtu", landscape, {})
    found, data, cells, _ = opened(tmp_path / "a.vtu")
    assert np.array_equal(found[:, :d], points)
    assert np.array_equal(data["loss"], landscape.fields["loss"])
    assert {len(cell) for cell in cells} == {d + 1}
    assert set(np.concatenate(cells)) == set(range(20))


def test_a_path_is_a_line_and_a_mesh_keeps_its_edges(tmp_path):
    needs_vtk()
    points = RNG.random((4, 3))
    along = Samples(points=points, index=np.array([[2], [0], [1], [3]]), shape=(4,))
    write_landscape(tmp_path / "path.vtu", unsampled_landscape(along, {"loss": points[:, 0]}), {})
    assert opened(tmp_path / "path.vtu")[2] == [[1, 2, 0, 3]]
    mesh = Samples(points=points, edges=np.array([[0, 3], [1, 2]]))
    write_landscape(tmp_path / "mesh.vtu", unsampled_landscape(mesh, {"loss": points[:, 0]}), {})
    assert opened(tmp_path / "mesh.vtu")[2] == [[0, 3], [1, 2]]


def test_samples_too_flat_for_a_triangle_are_points(tmp_path):
    needs_vtk()
    points = np.stack([np.arange(5.0), np.zeros(5)], axis=1)
    write_landscape(tmp_path / "a.vtu", unsampled_landscape(Samples(points=points), {"loss": points[:, 0]}), {})
    assert opened(tmp_path / "a.vtu")[2] == [[0], [1], [2], [3], [4]]


def a_run(folder, *maps):
    """Return a folder as a finished run leaves it, with what is exported from it."""
    drawn = maps[0].population
    members = (*drawn.members[:-1], evolve(drawn.members[-1], kind="curve"))
    who = evolve(drawn, members=members)
    truth = {"train_loss": np.arange(len(members)) / 8}
    atlas = evolve(atlas_of(*(evolve(one, population=who) for one in maps)), population=who, truth=truth)
    claim(folder, "study")
    write_values(folder, atlas)
    write_json(folder / "results.json", {})
    return read_run_files(folder)


def test_a_merge_tree_in_a_vtu_has_its_nodes_on_the_map_and_its_arcs_as_lines(tmp_path):
    needs_vtk()
    drawn = a_map(samples=grid(11))
    found = a_run(tmp_path, drawn)
    tree, landscape = drawn.topologies["grid"]["gudhi"].tree, drawn.landscapes["grid"]
    write_tree(tmp_path / "a.vtu", found.trees["one-grid-gudhi"]["simplified"], landscape, "train_loss")
    points, data, cells, _ = opened(tmp_path / "a.vtu")
    assert np.array_equal(points[:, :2], landscape.samples.points[tree.nodes])
    assert np.array_equal(data["vertex"], tree.nodes)
    assert np.array_equal(data["train_loss"], tree.values)
    names = {0: "minimum", 1: "saddle", 3: "root", 4: "multi-saddle"}
    assert tuple(names[kind] for kind in data["CriticalType"].tolist()) == tree.kinds
    assert cells == tree.arcs.tolist()
    finite = np.isfinite(tree.deaths)
    assert sorted(data["persistence"][~np.isnan(data["persistence"])]) == sorted(tree.persistences[finite])


def test_trajectories_are_lines_by_rising_step_and_derived_members_points(tmp_path):
    needs_vtk()
    members = a_run(tmp_path, a_map()).members["one"]
    write_member_points(tmp_path / "a.vtu", members)
    points, data, cells, at_cells = opened(tmp_path / "a.vtu")
    assert np.array_equal(points[:, :2], a_map().chart.latents)
    assert cells == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10], [11]]
    assert at_cells["name"] == ["A", "B", "C", "C"]
    assert at_cells["variant"].tolist() == [0, 1, 2, 2]
    assert data["step"].tolist() == [0, 1, 2, 3] * 3
    assert data["variant"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert np.array_equal(data["train_loss"], np.arange(12) / 8)


def test_members_read_back_from_their_csv_as_they_were(tmp_path):
    who = population(variants=('A,"x"', "B\nsecond line", "$"))
    drawn = a_map(who=who)
    members = a_run(tmp_path, drawn).members["one"]
    assert members.variants == tuple(member.variant for member in who.members)
    assert np.array_equal(members.points, drawn.chart.latents)
    assert Member(variant="$", step=3).step == members.steps[-1]
    assert set(members.kinds) == {"trained", "curve"}


# --- the command ------------------------------------------------------------------------------------


@pytest.fixture
def finished(tmp_path):
    """A run of one map of two axes, and one of four."""
    wide = a_map("four", samples=grid(3, 4), d=4)
    a_run(tmp_path, a_map(samples=grid(9)), wide)
    return tmp_path


def exported(folder, *options):
    result = run("export", folder, *options)
    assert result.exit_code == 0, result.output
    return {line.rpartition("/")[2] for line in result.stdout.splitlines()}, result.stderr.splitlines()


def test_csv_is_what_is_exported_unless_another_format_is_named(finished):
    files, messages = exported(finished)
    assert files == {"one-grid.csv", "four-grid.csv", "one-members.csv", "four-members.csv"}
    assert messages == []
    assert files == {path.name for path in (finished / "export").iterdir()} - {"files.jsonl"}
    assert list(rows_of(finished / "export/four-grid.csv")[0])[:5] == ["x1", "x2", "x3", "x4", "train_loss"]


def test_what_a_format_cannot_hold_is_left_out_and_reported(finished, tmp_path):
    needs_vtk()
    files, messages = exported(finished, "--format", "vtk", "--format", "landscaper", "--out", tmp_path / "elsewhere")
    assert files == {path.name for path in (tmp_path / "elsewhere").iterdir()} - {"files.jsonl"}
    assert {"one-grid.vti", "one-grid-gudhi-tree.vtu", "four-grid-gudhi-tree.vtu", "one-members.vtu"} <= files
    assert {"one-grid-train_loss.npz", "four-grid-test_loss.npz"} <= files
    assert messages == [
        "left out: four-grid: VTK's files have at most three axes, not 4",
        "left out: four, members: VTK's files have at most three axes, not 4",
    ]
    points, data, _, _ = opened(tmp_path / "elsewhere/four-grid-gudhi-tree.vtu")
    assert np.array_equal(points[:, 1], data["train_loss"])
    assert len(set(points[data["CriticalType"] == 0, 0])) == (data["CriticalType"] == 0).sum()


def test_every_format_gives_the_tree_of_the_report(finished):
    pytest.importorskip("h5py", reason="writes HDF5")
    exported(finished, "--format", "landscaper", "--format", "hdf5")
    tree = strict((finished / "topology/one-grid-gudhi.json").read_text())["simplified"]
    assert condensed(finished / "export/one-grid-train_loss.npz")["pairs"] == tree["pairs"]
    # Its memory runs along the other axis first, so its vertices have other numbers.
    classic = condensed(finished / "export/one-grid.h5")
    assert [(pair["birth"], pair["death"]) for pair in classic["pairs"]] == [
        (p["birth"], p["death"]) for p in tree["pairs"]
    ]


REFUSED = {
    "an unknown format": (("--format", "vkt"), "--format: there is no 'vkt'; did you mean 'vtk'?"),
    "without vtk": (
        ("--format", "vtk"),
        'writing .vti and .vtu needs vtk, which is not installed: pip install "globscope[export]"',
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_export_that_cannot_be_is_reported(case, finished, monkeypatch):
    monkeypatch.setitem(sys.modules, "vtkmodules", None)
    options, message = REFUSED[case]
    result = run("export", finished, *options)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"error: {message}\n")


def test_a_run_of_an_earlier_version_is_reported(finished):
    (finished / "files.jsonl").unlink()
    result = run("export", finished)
    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"error: {finished}: its files.jsonl, the list of what GlobScope wrote there, is missing"
    )


@pytest.mark.parametrize("name", ["members/one.csv", "landscapes/one-grid.npz", "topology/one-grid-gudhi.json"])
def test_a_run_whose_files_are_damaged_or_missing_is_not_exported(finished, name):
    content = (finished / name).read_bytes()
    (finished / name).write_bytes(content[: len(content) // 2])
    result = run("export", finished)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"error: {finished / name}: is not as GlobScope wrote it, but damaged or edited;")
    (finished / name).unlink()
    assert run("export", finished).stderr.startswith(f"error: {finished / name}: there is no such file; the same")


def test_a_format_that_holds_nothing_of_a_run_ends_with_2(tmp_path):
    a_run(tmp_path, a_map("four", samples=grid(3, 4), d=4))
    pytest.importorskip("h5py", reason="writes HDF5")
    result = run("export", tmp_path, "--format", "hdf5")
    assert result.exit_code == 2
    assert result.stderr == (
        "left out: four-grid: the classic HDF5 has one axis or two, not 4\n"
        f"error: {tmp_path}: nothing of it fits into hdf5\n"
    )


def test_a_lattice_that_is_not_evenly_spaced_or_a_path_is_refused(tmp_path):
    uneven = unsampled_landscape(lattice_samples([np.array([0.0, 1.0, 3.0, 4.0])] * 2), {"loss": np.arange(16.0)})
    path = unsampled_landscape(
        Samples(points=RNG.random((3, 2)), index=np.arange(3)[:, None], shape=(3,)), {"loss": np.arange(3.0)}
    )
    loose = unsampled_landscape(Samples(points=RNG.random((3, 2))), {"loss": np.arange(3.0)})
    refused = {
        "the lattice's points are not evenly spaced": uneven,
        "the samples are a path, not a lattice over the map's axes": path,
        "the samples are scattered, not on a lattice": loose,
    }
    for text, landscape in refused.items():
        with pytest.raises(Exception, match=text):
            landscaper.write_landscaper(tmp_path / "a.npz", landscape, "loss")


def test_the_record_of_a_tree_is_that_of_the_value():
    tree = a_map().topologies["grid"]["gudhi"].tree
    found = tree_record(tree)
    assert [node["vertex"] for node in found["nodes"]] == tree.nodes.tolist()
    assert [node["kind"] for node in found["nodes"]] == list(tree.kinds)
    assert found["pairs"][0]["death"] is None
