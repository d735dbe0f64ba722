"""The page's own topology is the study's: the same pairs, basins, nodes and passes at every threshold."""

import pytest
from support.page_topology import TREES, ask_browser, ask_node, ask_page, expected, random_case, run_differences
from support.study import TWO_RUNS, blank_pictures, study_in

from globscope.report.explorer import field_data

STUDY = f"""
title = "parity"
[task]
use = "classification"
hidden = [8]
{TWO_RUNS}
[[reducer]]
use = "pca"
[[reducer]]
use = "pca"
name = "space"
latent_dim = 3
[[reducer]]
use = "pca"
name = "scattered"
sampler = "sobol"
[[sampler]]
use = "grid"
resolution = 7
[[sampler]]
use = "sobol"
samples = 64
[evaluator]
use = "torch"
examples = 64
[[topology]]
use = "gudhi"
persistence = 0.001
[[topology]]
use = "gudhi"
name = "masked"
field = "test_loss"
adjacency = "full"
mask = true
persistence = 0
"""


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
    monkeypatch.setattr(field_data, "EXACT", 0)
    monkeypatch.setattr(field_data, "FEW", -1)
    found = _differences([random_case(seed) for seed in range(200, 240)], ask_node)
    # Heights of passes between samples that are no nodes are kept to 16 bits.
    assert [difference for difference in found if difference[1] != "joins"] == []


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    """A run with lattices of two axes and of three, scattered samples, and trees of two neighbourhoods, one masked."""
    folder = tmp_path_factory.mktemp("parity")
    with blank_pictures():
        study_in(folder, STUDY).run()
    return folder / "run"


@pytest.mark.browser
def test_the_page_of_a_finished_run_finds_the_trees_that_stand_in_its_files(finished_run, browser):
    assert run_differences(finished_run, ask_page(browser, finished_run, TREES)) == []


PASSES = """
state.field = 'train_loss';
const answers = [];
for (const map of maps) {
  const members = [...arrayOf(map, 'nearest').keys()], topology = topologyOf(map), tree = treeOn(map);
  for (const one of members) for (const other of members) {
    Object.assign(state, {map: maps.indexOf(map), from: one, to: other});
    const pass = passOnMap(map);
    if (!pass) continue;
    const {points, height, saddle} = pass, [first, last] = [points[0], points[points.length - 1]];
    answers.push({
      map: map.name, sampler: map.sampler, height, values: points.map(place => place.value),
      ends: [first.sample, last.sample], members: [sampleOf(map, one), sampleOf(map, other)],
      top: points.some(place => place.sample === saddle && place.value === height),
    });
  }
}
return answers;
"""


@pytest.mark.browser
def test_a_pass_leads_from_network_to_network_and_is_nowhere_higher_than_at_its_top(finished_run, browser):
    answers = ask_page(browser, finished_run, PASSES)
    maps = {(one["map"], one["sampler"]) for one in answers}
    assert maps == {("pca", "grid"), ("space", "grid"), ("scattered", "sobol")}
    for one in answers:
        # Between samples values are weighted means, which rounding may lift by an ulp.
        assert one["top"]
        assert max(one["values"]) <= one["height"] * (1 + 1e-12)
        assert one["ends"] == one["members"]


@pytest.mark.browser
def test_a_tree_of_a_field_of_which_higher_is_better_begins_at_its_highest_value(finished_run, browser):
    """A basin holds good networks, whatever the field."""
    code = "state.field = 'train_accuracy'; const {births} = treeOn(maps[0]).full, {values} = fieldOn(maps[0]);"
    births = ask_page(browser, finished_run, f"{code} return births.map(birth => values[birth]);")
    assert births == sorted(births, reverse=True)
    assert births[0] == ask_page(browser, finished_run, f"{code} return Math.max(...values);")
