"""The page's own topology is the study's: the same pairs, basins, nodes and passes at every threshold."""

import pytest

from globscope.report.explorer import blocks
from tests.support.page_topology import ask_browser, ask_node, expected, random_case


def _differences(cases, ask):
    trees = [case.full for case in cases]
    answers = ask([case.question(full) for case, full in zip(cases, trees, strict=True)])
    if answers is None:
        pytest.skip("there is no Node on this machine; the browser's test shows the same")
    return [
        (number, name)
        for number, (case, full, answer) in enumerate(zip(cases, trees, answers, strict=True))
        for name, value in expected(case, full).items()
        if answer[name] != value
    ]


def test_trees_and_passes_in_node_are_those_of_the_study_on_random_lattices_and_graphs():
    assert _differences([random_case(seed) for seed in range(60)], ask_node) == []


@pytest.mark.browser
def test_trees_and_passes_in_the_browser_are_those_of_the_study_on_random_lattices_and_graphs(browser):
    assert _differences([random_case(seed) for seed in range(200)], lambda asked: ask_browser(browser, asked)) == []


def test_sixteen_bits_with_ties_and_exact_nodes_give_the_same_trees(monkeypatch):
    """So are fields of more than 5,000 samples kept."""
    monkeypatch.setattr(blocks, "EXACT", 0)
    assert _differences([random_case(seed) for seed in range(200, 240)], ask_node) == []
