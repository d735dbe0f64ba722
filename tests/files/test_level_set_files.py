"""Split and contour trees of files, by the command line."""

import json

import numpy as np
from support.commands import run

VALUES = np.array([0.0, 5.0, 1.0, 3.0, 2.5, 4.0, 0.5])


def saved(path, values=VALUES):
    np.savez(path, values=values)
    return path


def record(path, *options):
    result = run("topology", path, "--json", *options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout, parse_constant=refuse)


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def test_a_split_tree_has_maxima_as_leaves_and_its_highest_never_ends(tmp_path):
    found = record(saved(tmp_path / "a.npz"), "--tree", "split", "--persistence", "0.6")
    assert found["tree"] == "split"
    assert found["counts"] == {"minima": 0, "maxima": 2, "saddles": 1}
    assert [node["kind"] for node in found["nodes"]] == ["end", "split saddle", "maximum", "maximum"]
    assert [(row["leaf_vertex"], row["end_vertex"], row["persistence"]) for row in found["branches"]] == [
        (1, 0, None),
        (5, 2, 3.0),
    ]


def test_a_contour_tree_has_both_kinds_of_leaves_and_critical_points_without_a_threshold(tmp_path):
    found = record(saved(tmp_path / "a.npz"), "--tree", "contour", "--persistence", "0.6")
    assert found["counts"] == {"minima": 3, "maxima": 2, "saddles": 0}
    # On a line, an inner minimum has an arc to both sides.
    assert sorted(found["arcs"]) == [[0, 4], [1, 3], [2, 3], [2, 4]]
    assert found["critical_points"] == {"minimum": 4, "maximum": 3, "euler": 1}


def test_raw_keeps_every_leaf(tmp_path):
    found = record(saved(tmp_path / "a.npz"), "--tree", "contour", "--raw")
    assert found["counts"] == {"minima": 4, "maxima": 3, "saddles": 0}


def test_the_table_lists_the_most_persistent_leaves_then_the_critical_points(tmp_path):
    result = run("topology", saved(tmp_path / "a.npz"), "--tree", "split", "--raw")
    first, title, _, *rows = result.stdout.splitlines()
    assert first.endswith("values, 7 samples; maxima: 3, saddles: 2 (gudhi, split tree, every leaf)")
    assert title == "Most persistent leaves"
    assert [row.split() for row in rows[:-1]] == [
        ["maximum", "1", "5", "0", "0", "never", "ends"],
        ["maximum", "5", "4", "2", "1", "3"],
        ["maximum", "3", "3", "4", "2.5", "0.5"],
    ]
    assert rows[-1] == "Critical points of the lattice, without a threshold: minimum: 4, maximum: 3, euler: 1"


def test_pictures_of_the_tree_and_the_barcode_are_written_with_the_record(tmp_path):
    path, out = saved(tmp_path / "a.npz"), tmp_path / "out"
    assert run("topology", path, "--tree", "contour", "--out", out).exit_code == 0
    names = {"files.jsonl", "topology.json", "contour-tree.png", "contour-tree.svg", "barcode.png", "barcode.svg"}
    assert {file.name for file in out.iterdir()} == names
    assert json.loads((out / "topology.json").read_text()) == record(path, "--tree", "contour")


def test_scattered_samples_have_trees_but_no_critical_points(tmp_path):
    points = np.random.default_rng(0).random((30, 2))
    np.savez(tmp_path / "a.npz", points=points, values=points.sum(axis=1))
    assert record(tmp_path / "a.npz", "--tree", "split")["critical_points"] is None
