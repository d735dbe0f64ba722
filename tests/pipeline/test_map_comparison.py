"""Figures of maps: each under a name of its own, declared once for every place that shows it."""

import pytest

from globscope.api import Figure, Finding, PluginError
from globscope.cli import print_tables
from globscope.pipeline.map_comparison import compared_figures, distinct_names, map_record
from globscope.report.page.compared_maps import compared_maps, comparison_table
from globscope.sweep.figures import comparison_keys

OWN = {"name": "pca", "fit_seconds": 1.0, "saddles": 2}


def test_two_analyses_that_record_one_figure_of_a_map_are_an_error():
    findings = {"one": Finding(records={"pca": {"speed": 1}}), "two": Finding(records={"pca": {"speed": 2}})}
    with pytest.raises(PluginError) as refused:
        map_record(OWN, findings)
    assert str(refused.value) == (
        "analyses 'one' and 'two' both record 'speed' of map 'pca'; one of them must use another key"
    )


def test_two_analyses_may_record_one_figure_of_different_maps():
    findings = {"one": Finding(records={"pca": {"speed": 1}}), "two": Finding(records={"mds": {"speed": 2}})}
    assert map_record(OWN, findings) == OWN | {"speed": 1}
    assert map_record({"name": "mds"}, findings) == {"name": "mds", "speed": 2}


def test_an_analysis_cannot_overwrite_what_is_known_of_every_map():
    with pytest.raises(PluginError) as refused:
        map_record(OWN, {"one": Finding(records={"pca": {"saddles": 5}})})
    assert str(refused.value) == (
        "analysis 'one' records 'saddles' of map 'pca', which every map has; give it another key"
    )


def test_several_analyses_of_one_component_keep_their_figures_apart():
    speed = (Figure(key="speed", label="Speed"),)
    both = {name: Finding(records={"pca": {"speed": at}}, comparison=speed) for at, name in enumerate("ab")}
    findings = distinct_names(both | {"c": both["a"]}, {"a": "x", "b": "x", "c": "y"})
    assert map_record(OWN, findings) == OWN | {"a.speed": 0, "b.speed": 1, "speed": 0}
    assert [(one.key, one.label) for one in compared_figures(findings)][:3] == [
        ("a.speed", "Speed (a)"), ("b.speed", "Speed (b)"), ("speed", "Speed"),
    ]  # fmt: skip


def test_one_declaration_feeds_page_csv_terminal_and_sweep(capsys):
    declared = {"key": "speed", "label": "Top speed", "meaning": "of a stroll", "better": "high"}
    maps = [{"name": "pca", "speed": 3, "hidden": None}, {"name": "mds", "speed": 2, "hidden": None}]
    population = {"members": 1, "variants": 1, "parameters": 1, "variance_per_weight": 0.0, "test_accuracy_min": None}
    record = {"title": "", "population": population, "reducers": maps, "comparison": [declared]}
    record |= {"tables": {}, "warnings": []}
    (row,) = compared_maps(record).rows
    assert (row.figure.label, row.figure.meaning, row.cells, row.best) == (
        "Top speed", "of a stroll", ("3", "2"), (True, False),
    )  # fmt: skip
    assert comparison_table(record).columns == ("name", "speed")
    assert comparison_keys([record]) == ["speed"]
    print_tables.print_summary(record)
    assert "Top speed" in capsys.readouterr().out
