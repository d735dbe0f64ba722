"""Conditions on networks: what they may say, and that nothing else of Python is reached."""

import pytest
from hypothesis import given, strategies as st

from globscope.spec.query import Condition

REFUSED = {
    "run.__class__": "an attribute, which may lead anywhere in Python",
    "run.str.len() > 3": "a call of a function",
    "__import__('os')": "a call of a function",
    "loss > loss @ loss": "`@`, which reads Python's variables",
    "9 ** 9 ** 9 > loss": "a power",
    "run['a'] == 1": "an index",
    "loss > 1j": "a value that is neither a number nor plain text",
    "(lambda: 1) == loss": "what Python calls Lambda",
    "[x for x in run] == loss": "what Python calls ListComp",
    "(a := 1) == loss": "what Python calls NamedExpr",
    "run == f'{loss.__class__}'": "what Python calls JoinedStr",
    "run == 'a`b`'": "a value that is neither a number nor plain text",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_condition_reaches_nothing_but_columns(text):
    assert Condition(text).problem.startswith(f"has {REFUSED[text]}; accepted are")


@pytest.mark.parametrize("text", ["@secret > 1", "loss >", "import os", "", "loss; run", "`a"])
def test_what_is_no_expression_is_no_condition(text):
    assert Condition(text).problem.startswith("is no condition (")


@pytest.mark.parametrize("end", ["\n", "\x0c", "\x85", "\u2028"])
def test_a_condition_is_one_line_for_pandas_too(end):
    """What Python takes for the end of a comment, or for a text, pandas would evaluate as a line of its own."""
    assert Condition(f"loss > 1 #{end}run.__class__").problem.startswith("has several lines; accepted are")
    assert Condition(f"run == 'a{end}b'").problem.startswith("has several lines; accepted are")
    assert Condition(f"{end}loss > 1{end}").problem == ""


def test_backticks_around_quotes_hide_nothing():
    """Were `' or run.__class__ == '` read as a name, the attribute between would not be seen."""
    assert Condition("run == '`' or run.__class__ == '`'").problem.startswith("has ")
    assert Condition("run == '' or `a` == run.__class__ or `b` == ''").problem.startswith("has an attribute")


def test_names_with_any_letters_stand_in_backticks():
    condition = Condition("`learning rate` < 0.1 and kind not in ['a', 'b'] and -1 < loss + 2 * width <= 3")
    assert condition.problem == ""
    assert sorted(condition.names) == ["kind", "learning rate", "loss", "width"]


@given(st.text(max_size=60))
def test_any_text_is_judged_without_an_exception(text):
    assert isinstance(Condition(text).problem, str)
