"""The topology `ttk`: its reading of TTK's recorded answers everywhere, and the agreement with `gudhi` where TTK is.

Another Python than those on PATH is tried where the variable TTK_PYTHON names it.
"""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from globscope_ttk import Ttk, globscope_topologies, interpreters
from globscope_ttk.answer import branches
from globscope_ttk.question import question
from record_ttk import RECORDED, asked
from ttk_cases import KINDS, case, noise, on_lattice, scattered

from globscope.api import PluginError, Samples, SpecError, sweep_order, trees
from globscope.builtin.topology import Gudhi
from globscope.testing import parametrize_contract

PLUGIN = Path(__file__).parent.parent
PYTHON = os.environ.get("TTK_PYTHON")
ARRAYS = ("nodes", "values", "kinds", "arcs", "pairs", "births", "deaths", "elders", "arc", "basin")
OPTIONS = {"persistence": 0.3}


def same(one, two):
    """Every array of both trees is equal, to the bit."""
    for tree in ("full", "tree"):
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(getattr(one, tree), name), getattr(getattr(two, tree), name), name)
    assert (one.left_out, one.threshold, one.field) == (two.left_out, two.threshold, two.field)


# --- what TTK was asked and answered -----------------------------------------------------------


@pytest.fixture(params=KINDS)
def recording(request):
    with np.load(RECORDED / f"{request.param}.npz", allow_pickle=False) as arrays:
        return request.param, {name: array.astype(int) for name, array in arrays.items()}


def test_ttk_is_asked_what_was_recorded(recording):
    name, recorded = recording
    for key, array in asked(name)[0].arrays.items():
        np.testing.assert_array_equal(array, recorded[key])


def test_the_recorded_answers_give_the_trees_of_gudhi(recording):
    name, recorded = recording
    given, options = case(name)
    wanted = Gudhi(**OPTIONS, **options).compute(given)
    put, count = asked(name)
    values = given.fields["train_loss"]
    swept = sweep_order(values, wanted.full.basin >= 0)
    tree, full = trees(values, swept, branches(recorded, put.places, count), OPTIONS["persistence"])
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(full, name), getattr(wanted.full, name), name)
        np.testing.assert_array_equal(getattr(tree, name), getattr(wanted.tree, name), name)


def answer():
    """Return TTK's tree of four vertices 0, 2, 1, 3 on a path."""
    return {
        "node_id": np.array([0, 1, 2, 3]),
        "node_vertex": np.array([0, 2, 1, 3]),
        "arc_down": np.array([0, 1, 2]),
        "arc_up": np.array([2, 2, 3]),
        "arc_label": np.array([0, 1, 2]),
        "label": np.array([0, 2, 1, 2]),
    }


def test_pairs_follow_from_the_tree_by_the_elder_rule():
    found = branches(answer(), np.array([0, 2, 1, 3]), 4)
    assert found.births.tolist() == [0, 1]
    assert found.deaths.tolist() == [4, 2]
    assert found.elders.tolist() == [0, 0]
    assert found.own.tolist() == [0, 1, 0, 0]
    assert found.tops.tolist() == [3]


def test_an_arc_from_the_root_to_itself_is_dropped():
    more = {"arc_down": [0, 1, 2, 3], "arc_up": [2, 2, 3, 3], "arc_label": [0, 1, 2, 3]}
    changed = answer() | {name: np.array(array) for name, array in more.items()}
    assert branches(changed, np.array([0, 2, 1, 3]), 4).deaths.tolist() == [4, 2]


def test_rows_of_nodes_and_arcs_may_come_in_any_order():
    given, rng = answer(), np.random.default_rng(0)
    nodes, arcs = rng.permutation(4), rng.permutation(3)
    mixed = {
        name: array[nodes if name.startswith("node") else arcs] for name, array in given.items() if name != "label"
    }
    found = branches(mixed | {"label": given["label"]}, np.array([0, 2, 1, 3]), 4)
    assert found.births.tolist() == [0, 1]
    assert found.own.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    "broken",
    [
        {"arc_up": [2, 2, 9]},  # a node that is not there
        {"arc_up": [2, 0, 3]},  # downwards
        {"arc_down": [0, 0, 2]},  # two arcs up from one node, none from another
        {"arc_down": [0, 1], "arc_up": [2, 2], "arc_label": [0, 1]},  # two roots
        {"label": [0, 7, 1, 2]},  # an arc that is not there
        {"label": [0, 0, 0, 2]},  # a minimum on another's arc
        {"label": [0, 2, 1]},  # one vertex without an arc
        {"arc_down": [], "arc_up": [], "arc_label": []},
    ],
)
def test_an_answer_that_is_no_join_tree_is_refused(broken):
    changed = answer() | {name: np.array(array, int) for name, array in broken.items()}
    with pytest.raises(PluginError, match="TTK's answer is not a join tree"):
        branches(changed, np.array([0, 2, 1, 3]), 4)


def on_a_path(*index):
    """Return samples on a lattice of one axis, by rising value."""
    return Samples(points=np.zeros((len(index), 1)), index=np.array(index)[:, None], shape=(9,))


def test_graphs_lie_below_a_ridge_that_joins_their_components():
    put = question(on_a_path(0, 1, 3, 4), np.arange(4), "auto", None)
    assert put.arrays["edges"].tolist() == [[0, 1], [2, 3], [1, 4], [3, 5], [4, 5], [5, 6]]
    assert len(put.places) == 7


def test_where_branches_meet_there_is_a_way_on():
    """TTK crashes on a saddle without a higher neighbour: here 3, and the highest, 4."""
    put = question(on_a_path(0, 2, 4, 1, 3), np.arange(5), "auto", None)  # along the path: 0 3 1 4 2
    assert put.arrays["edges"].tolist() == [[0, 3], [1, 3], [1, 4], [2, 4], [3, 5], [4, 6], [5, 6], [6, 7]]


def test_no_vertex_of_the_ridge_has_more_than_three_edges():
    """TTK's memory grows with the square of a vertex's edges: a summit over 20,000 maxima took 4 GB."""
    given = noise(np.random.default_rng(0), 500)
    put = question(given.samples, np.argsort(given.fields["train_loss"]), "auto", None)
    assert np.bincount(put.arrays["edges"].ravel()).max() == 3


def test_ttk_sees_each_edge_once_and_no_loop():
    put = question(Samples(points=np.zeros((3, 2))), np.arange(3), "delaunay", None)
    edges = list(map(tuple, put.arrays["edges"].tolist()))
    assert len(set(edges)) == len(edges)
    assert all(low < high for low, high in edges)


@pytest.mark.parametrize(("shape", "arrays"), [((3, 4), {"ranks"}), ((2, 3, 2), {"ranks"}), ((2,) * 4, {"edges"})])
def test_whole_lattices_of_two_or_three_axes_are_grids(shape, arrays):
    given = noise(np.random.default_rng(0), *shape)
    everything = np.arange(np.prod(shape))
    assert set(question(given.samples, everything, "auto", None).arrays) == arrays
    assert set(question(given.samples, everything[1:], "auto", None).arrays) == {"edges"}


def test_two_samples_on_one_lattice_vertex_are_refused():
    index = np.array([[0, 0], [0, 1], [1, 0], [1, 0]])
    with pytest.raises(ValueError, match="two samples share one lattice vertex"):
        question(Samples(points=index.astype(float), index=index, shape=(2, 2)), np.arange(4), "auto", None)


# --- other interpreters ------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path):
    """A function that makes a program for the shell, and returns its path."""

    def make(lines, name="other-python"):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return str(path)

    return make


def told(interpreter, **options):
    with pytest.raises(PluginError) as caught:
        Ttk(interpreter=interpreter, **options).compute(on_lattice([0.0, 2.0, 1.0]))
    return str(caught.value)


def test_a_program_that_is_not_there_is_named():
    assert told("no-such-python").startswith(
        "topology.interpreter = 'no-such-python': there is no such program; get TTK"
    )


def test_a_python_without_ttk_is_told_where_to_get_it(program):
    plain = program(f'exec "{sys.executable}" -I -S "$@"')
    message = told(plain)
    for part in (
        "conda-forge topologytoolkit",
        "`conda run -n ttk which python` prints",
        "pvpython",
        "from source",
        "`interpreter`",
        f"{plain}: ModuleNotFoundError",
    ):
        assert part in message


def test_unset_every_python_on_path_is_asked_and_named(program, monkeypatch):
    without = 'echo "no module, says $0" >&2; exit 1'
    pythons = [program(without, name) for name in ("python3", "pvpython")]
    monkeypatch.setenv("PATH", str(Path(pythons[0]).parent))
    monkeypatch.setattr(sys, "executable", program(without, "own-python"))
    message = told(None).splitlines()
    assert [line.split(":")[0].strip() for line in message[1:]] == [sys.executable, *pythons]
    assert "no module, says" in message[-1]


def test_a_crash_within_ttk_is_named_with_what_it_said_last(program):
    crashing = program(f'echo "{interpreters.READY}"; seq 9 >&2; kill -SEGV $$')
    lines = told(crashing).splitlines()
    assert lines[0] == f"topology ttk: TTK in {crashing} ended by SIGSEGV, without an answer"
    assert [line.strip() for line in lines[1:]] == ["5", "6", "7", "8", "9"]


def test_a_crash_while_it_is_imported_means_that_ttk_is_not_there(program):
    crashing = program("kill -SEGV $$")
    assert told(crashing).endswith(f"{crashing}: ended by SIGSEGV")


def test_an_exit_without_an_answer_is_named(program):
    assert "ended with status 3, without an answer" in told(program(f'echo "{interpreters.READY}"; exit 3'))
    assert "ended with status 0, without an answer" in told(program(f'echo "{interpreters.READY}"'))


def test_ttk_is_stopped_after_the_time_limit(program):
    message = told(program("exec sleep 60"), time_limit=0.2)
    assert message.endswith("was stopped after 0.2 s; the option `time_limit` allows more")


def test_what_runs_elsewhere_needs_numpy_vtk_and_ttk_only_and_python_3_9():
    source = interpreters.PROGRAM.read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert {name.split(".")[0] for name in imported} == {"sys", "typing", "numpy", "topologytoolkit", "vtkmodules"}
    assert f'READY = "{interpreters.READY}"' in source


# --- the component -----------------------------------------------------------------------------


def test_its_package_offers_it_to_globscope():
    package = tomllib.loads((PLUGIN / "pyproject.toml").read_text("utf-8"))
    [module] = package["project"]["entry-points"]["globscope"].values()
    assert import_module(module).globscope_topologies is globscope_topologies
    assert globscope_topologies() == {"ttk": Ttk}


def test_its_wheel_is_found_once_it_is_installed(tmp_path):
    shutil.copytree(PLUGIN, tmp_path / "source", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    install = ("pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    run("-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, cwd=tmp_path / "source")
    [wheel] = tmp_path.glob("*.whl")
    run("-m", *install, "--target", tmp_path / "site", wheel, cwd=tmp_path)
    listed = run("-m", "globscope", "plugins", "ttk", cwd=tmp_path, site=tmp_path / "site")
    assert listed.startswith("topology ttk (globscope-ttk 0.1.0)")
    assert "interpreter" in listed


def run(*arguments, cwd, site=None):
    """Return what a module of this Python prints, with another folder of packages before its own."""
    before = os.environ.get("PYTHONPATH", "")
    environment = os.environ | ({"PYTHONPATH": f"{site}{os.pathsep}{before}"} if site else {})
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_knows_the_door_of_globscope_only():
    known = set()
    for path in interpreters.PROGRAM.parent.glob("*.py"):
        imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        known |= {node.module for node in imports if node.module.split(".")[0] == "globscope"}
    assert known == {"globscope.api"}


def test_without_a_finite_sample_the_tree_is_empty_and_ttk_is_not_needed():
    found = Ttk(interpreter="no-such-python").compute(on_lattice(np.full((3, 3), np.nan)))
    same(found, Gudhi().compute(on_lattice(np.full((3, 3), np.nan))))


def test_a_field_that_the_landscape_lacks_is_named_with_the_near_one():
    with pytest.raises(SpecError, match=r"topology\.field = 'train_los'.*did you mean 'train_loss'"):
        Ttk(field="train_los").compute(on_lattice([1.0]))


@pytest.mark.parametrize(
    "wrong", [{"persistence": -0.1}, {"threads": 0}, {"time_limit": 0.0}, {"interpreter": ""}, {"neighbours": 0}]
)
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Ttk(**wrong)


# --- where TTK is ------------------------------------------------------------------------------


def missing():
    """Return why TTK cannot be asked here, or None."""
    try:
        Ttk(interpreter=PYTHON).compute(on_lattice([0.0, 1.0]))
    except PluginError as problem:
        if "no Python with TTK" not in str(problem) and "no such program" not in str(problem):
            raise
        return f"TTK is not here: {str(problem).splitlines()[0]}"
    return None


@pytest.fixture(scope="module")
def ttk():
    """A function that makes the topology, with the Python that has TTK."""
    if reason := missing():
        pytest.skip(reason)
    return lambda **options: Ttk(interpreter=PYTHON, **options)


# What TTK is asked and how it answers is recorded for all kinds; here a lattice, a graph with ties, and four axes.
SHOWN = ("wells-2d", "holes-3d", "noise-4d")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in SHOWN else pytest.mark.slow)
        for name, (_, _, size, _) in KINDS.items()
        if size
    ],
)
def test_both_topologies_agree_to_the_bit(ttk, name):
    given, options = case(name, large=True)
    same(ttk(**OPTIONS, **options).compute(given), Gudhi(**OPTIONS, **options).compute(given))


def graphs(rng, count):
    """Return many small fields beside one another: paths, meshes, single samples, with ties."""
    points, values = [], []
    for number in range(count):
        size = int(rng.integers(1, 9))
        points.append(rng.random((size, 2)) + np.array([3 * number, 0]))
        values.append(rng.integers(0, 5, size))
    return np.concatenate(points), np.concatenate(values).astype(float)


def test_both_topologies_agree_on_many_small_graphs(ttk):
    """Nearest neighbours make hundreds of components, each with its own highest sample below the ridge."""
    points, values = graphs(np.random.default_rng(0), 400)
    options = {"adjacency": "mutual-knn", "neighbours": 2}
    given = scattered(values, points)
    found = ttk(**options).compute(given)
    assert np.isinf(found.full.deaths).sum() > 400
    same(found, Gudhi(**options).compute(given))


def test_the_answer_is_the_same_for_any_number_of_threads(ttk):
    given, _ = case("wells-2d", large=True)
    same(ttk(threads=1).compute(given), ttk(threads=2).compute(given))


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_both_topologies_agree_on_ten_fields_of_each_kind(ttk, name):
    for seed in range(1, 6):
        for large in (False, True):
            given, options = case(name, seed, large=large)
            same(ttk(**OPTIONS, **options).compute(given), Gudhi(**OPTIONS, **options).compute(given))


@parametrize_contract([Ttk(interpreter=PYTHON), Ttk(interpreter=PYTHON, adjacency="mutual-knn", neighbours=6)])
def test_contract(check, ttk):
    check()
