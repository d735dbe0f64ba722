"""What the pages of several runs say in words: their verdicts, and which maps they do not share."""

from pathlib import Path

from globscope.sweep.finished import FinishedRun
from globscope.sweep.verdicts import NOTHING, unshared_trees, verdict_part, verdict_table


def run(name, verdict):
    return FinishedRun(name=name, folder=Path(name), record={"verdict": verdict} if verdict else {}, trees={})


RUNS = (run("one", {"headline": "Believe a.", "summary": ""}), run("old", None))


def test_each_runs_verdict_is_listed_if_it_has_one():
    table = verdict_table(RUNS)
    assert [dict(row) for row in table.rows] == [{"name": "one", "verdict": "Believe a.", "pairs_of_runs": None}]
    assert verdict_table(RUNS[1:]) is None


def test_verdicts_are_a_part_of_the_page_with_a_file(tmp_path):
    (part,) = verdict_part(RUNS, tmp_path)
    assert part.title == "Verdicts"
    assert (tmp_path / "verdicts.csv").read_text().splitlines()[1] == "one,Believe a.,"
    assert verdict_part(RUNS[1:], tmp_path) == ()


def test_runs_that_share_no_map_are_said_in_words():
    assert unshared_trees({"a": ["one"], "b": ["two"]}, ["one", "two"]) == NOTHING
    assert unshared_trees({}, ["one", "two"]) == NOTHING


def test_what_only_some_runs_have_is_named():
    trees = {"a": ["one", "two", "three"], "b": ["one", "two"], "c": ["one"]}
    assert unshared_trees(trees, ["one", "two", "three"]) == (
        "b is missing from three. Not drawn, since no other run has it: c of one."
    )
