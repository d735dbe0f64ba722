"""The verdict on the terminal: brief, and in the report's words."""

from globscope.cli.print_verdict import verdict_lines

VERDICT = {
    "headline": "Believe one. Do not read two.",
    "maps": [
        {"name": "one", "belief": "believe", "shows": "it shows the run, in 1 basin", "reasons": []},
        {"name": "two", "belief": "do not read", "shows": "it shows none", "reasons": ["a", "b", "c", "d"]},
    ],
    "summary": "Of 1 pair of runs, 1 is apart.",
}


def test_each_map_has_its_belief_and_at_most_two_reasons():
    assert list(verdict_lines({"verdict": VERDICT})) == [
        "Verdict: Believe one. Do not read two.",
        "  one, believe: it shows the run, in 1 basin",
        "  two, do not read: it shows none; a; b; 2 more reasons in the report",
        "Of 1 pair of runs, 1 is apart.",
    ]


def test_results_of_an_earlier_version_have_no_verdict():
    assert list(verdict_lines({})) == []
