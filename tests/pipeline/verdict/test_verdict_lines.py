"""The verdict as text: brief, and in the report's words."""

from globscope.pipeline.verdict.verdict_lines import verdict_lines

VERDICT = {
    "headline": "Believe one. Do not read two.",
    "maps": [
        {"name": "one", "belief": "believe", "shows": "it shows the run, in 1 basin", "reasons": []},
        {"name": "two", "belief": "do not read", "shows": "it shows none", "reasons": ["a", "b", "c", "d"]},
    ],
    "summary": "Of 1 pair of runs, 1 is apart.",
    "pairs": [],
}
PAIR = {"one": "A", "other": "B", "answer": "apart", "trust": "one map shows both", "lowest": 0.59, "found_by": "line"}


def test_each_map_has_its_belief_and_at_most_two_reasons():
    assert list(verdict_lines({"verdict": VERDICT})) == [
        "Verdict: Believe one. Do not read two.",
        "  one, believe: it shows the run, in 1 basin",
        "  two, do not read: it shows none; a; b; 2 more reasons in the report",
        "Of 1 pair of runs, 1 is apart.",
    ]


def test_results_of_an_earlier_version_have_no_verdict():
    assert list(verdict_lines({})) == []


def test_each_of_few_pairs_has_its_lowest_known_path():
    lines = list(verdict_lines({"verdict": VERDICT | {"pairs": [PAIR, PAIR | {"lowest": None, "found_by": ""}]}}))
    assert lines[-2:] == [
        "  A and B, apart: 0.59 at worst on the lowest known path, line; one map shows both",
        "  A and B, apart: no path was measured; one map shows both",
    ]


def test_of_many_pairs_the_summary_is_enough():
    many = VERDICT | {"pairs": [PAIR] * 11}
    assert list(verdict_lines({"verdict": many})) == list(verdict_lines({"verdict": VERDICT}))
