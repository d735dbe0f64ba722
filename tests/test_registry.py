"""Discovery: what a stranger's package does wrong is reported by name, and stops nothing else."""

from importlib.metadata import distributions

import pytest
from attrs import evolve
from support.distributions import write_distribution

from globscope.builtin.tasks.classification import Classification
from globscope.errors import PluginError, SpecError
from globscope.registry import HOOKS, KEYS, MORE_KEYS, discover
from globscope.spec.entries import entry_class
from globscope.spec.read import build
from globscope.spec.words import keys_of

GOOD = """
from attrs import define
from globscope.api import hookimpl

GLOBSCOPE_API = 2

@define(frozen=True, kw_only=True)
class Mine:
    '''Do nothing.

    And say so.
    '''

    def reduce(self, inputs, rng): ...

@hookimpl
def globscope_reducers():
    return {"mine": Mine}
"""
HEAD = GOOD[: GOOD.index("@hookimpl")]
CLASH = "none of them is used: switch one off: --disable alpha or --disable beta or [plugins] disable"
CHANGES = "this is 2: docs/reference/api-versions.md lists what to change, then set GLOBSCOPE_API = 2"


def remedy(name):
    """Return the end of the line about a broken distribution."""
    return f"; fix it, or switch it off: --disable {name} or [plugins] disable"


def optioned(*lines):
    """Return the good module with these lines in its class."""
    text = GOOD.replace("import define", "import define, field")
    return text.replace("And say so.\n    '''", "'''\n" + "".join(f"    {line}\n" for line in lines))


@pytest.fixture
def discovered(tmp_path, monkeypatch):
    """A function that makes distributions of one module each and returns the registry of their entry points."""
    monkeypatch.syspath_prepend(tmp_path)

    def made(disable=(), **modules):
        for number, (name, text) in enumerate(modules.items()):
            unique = f"{name}_{tmp_path.name}"  # modules stay imported from one test to the next
            write_distribution(tmp_path, name, text, f"{number}.5", unique)
        entries = [e for d in distributions(path=[str(tmp_path)]) for e in d.entry_points.select(group="globscope")]
        found = discover(entries, disable)
        return found.components, [problem.replace(f"_{tmp_path.name}", "") for problem in found.problems]

    return made


def test_the_built_ins_come_by_entry_points_without_problems(registry):
    assert registry.problems == ()
    assert {c.role for c in registry.components} == set(HOOKS)
    assert {c.distribution for c in registry.components} == {"globscope"}
    assert all(c.summary.endswith(".") for c in registry.components)


def test_a_component_knows_where_it_comes_from(discovered):
    [mine], problems = discovered(alpha=GOOD)
    assert problems == []
    assert (mine.role, mine.name, mine.distribution, mine.version) == ("reducer", "mine", "alpha", "0.5")
    assert mine.summary == "Do nothing."


# What a module does: (its text, the message).
WRONG = {
    "import that fails": (
        "import no_such_thing",
        " cannot be imported: ModuleNotFoundError: No module named 'no_such_thing' (beta.py, line 1)",
    ),
    "syntax": ("def x(:", " cannot be imported: SyntaxError: invalid syntax (beta.py, line 1)"),
    "script that ends": ("raise SystemExit(1)", " cannot be imported: SystemExit: 1 (beta.py, line 1)"),
    "misspelt hook": (
        GOOD.replace("globscope_reducers", "globscope_reducer"),
        ": there is no hook 'globscope_reducer'; did you mean 'globscope_reducers'?",
    ),
    "arguments": (
        GOOD.replace("globscope_reducers()", "globscope_reducers(config)"),
        ": globscope_reducers(config) is not a hook: it must be a plain function without arguments",
    ),
    "another version": (
        GOOD.replace("GLOBSCOPE_API = 2", "GLOBSCOPE_API = 3"),
        f" is written for version 3 of the API; {CHANGES}",
    ),
    "no version": (
        GOOD.replace("GLOBSCOPE_API = 2", ""),
        f" does not say for which version of the API; {CHANGES}",
    ),
    "version that is none": (
        GOOD.replace("GLOBSCOPE_API = 2", "GLOBSCOPE_API = '2'"),
        f" is written for version '2' of the API; {CHANGES}",
    ),
    "import of what the API lacks": (
        GOOD.replace("import hookimpl", "import ChecksTask, hookimpl"),
        " cannot be imported: ImportError: cannot import name 'ChecksTask' from 'globscope.api' ",
    ),
    "no mark": (GOOD.replace("@hookimpl", ""), ": globscope_reducers() is not marked with @hookimpl"),
    "no hook": (HEAD, " offers nothing: no function in it is marked with @hookimpl"),
    "hook that raises": (
        GOOD.replace('return {"mine": Mine}', "return 1 / 0"),
        ": globscope_reducers() failed: ZeroDivisionError: division by zero (beta.py, line 18)",
    ),
    "hook that returns nothing": (
        GOOD.replace("return", "_ ="),
        ": globscope_reducers() must return classes by name, got NoneType",
    ),
    "hook that returns a list": (
        GOOD.replace('{"mine": Mine}', "[Mine]"),
        ": globscope_reducers() must return classes by name, got list",
    ),
    "class without attrs": (
        GOOD.replace("@define(frozen=True, kw_only=True)", ""),
        ": globscope_reducers(): 'mine' is not an attrs class, so it has no options",
    ),
    "object instead of a class": (
        GOOD.replace('"mine": Mine', '"mine": Mine()'),
        ": globscope_reducers(): 'mine' is not an attrs class, so it has no options",
    ),
    "annotation that names nothing": (
        GOOD.replace("    And say so.\n    '''", "    '''\n    x: 'Nothing' = 0"),
        ": globscope_reducers(): 'mine' has options whose types cannot be read: NameError: name 'Nothing' is not",
    ),
    "name with a slash": (
        GOOD.replace('"mine"', '"../mine"'),
        ": globscope_reducers(): '../mine' is not a name: letters, digits, '-', '_' and '.' make one",
    ),
    "name that is no text": (
        GOOD.replace('"mine"', "3"),
        ": globscope_reducers(): 3 is not a name: letters, digits, '-', '_' and '.' make one",
    ),
    "default that TOML cannot hold": (
        optioned("x: complex = 1j"),
        ": globscope_reducers(): 'mine' has an option 'x' whose default is of type complex, which TOML cannot hold",
    ),
    "default with a gap": (
        optioned("x: tuple[int | None, ...] = (1, None)"),
        ": globscope_reducers(): 'mine' has an option 'x' whose default is of type tuple, which TOML cannot hold",
    ),
    "default that cannot be made": (
        optioned("x: int = field(factory=lambda: 1 // 0)"),
        ": globscope_reducers(): 'mine' has an option 'x' whose default cannot be made: ZeroDivisionError: integer ",
    ),
    "default that depends on another": (
        optioned("x: int = field()", "@x.default", "def _(self): return 1"),
        ": globscope_reducers(): 'mine' has an option 'x' whose default depends on other options",
    ),
    "class without its role's method": (
        GOOD.replace("def reduce", "def fit"),
        ": globscope_reducers(): 'mine' is no reducer: its class Mine has no method 'reduce'",
    ),
    "class with another role's method": (
        GOOD.replace("def reduce", "def ask"),
        ": globscope_reducers(): 'mine' is no reducer: its class Mine has no method 'reduce'; "
        "globscope_samplers() returns classes with 'ask'",
    ),
    "method that cannot be called": (
        GOOD.replace("def reduce(self, inputs, rng): ...", "reduce = None"),
        ": globscope_reducers(): 'mine' is no reducer: its class Mine has no method 'reduce'",
    ),
    "option that every reducer has": (
        GOOD.replace("    And say so.\n    '''", "    '''\n    seed: int = 0\n    space: str = ''"),
        ": globscope_reducers(): 'mine' has options named 'seed', 'space', which are keys of every reducer",
    ),
}
# Those of which nothing can be used, so that they are better switched off.
BROKEN = ("import that fails", "syntax", "script that ends", "import of what the API lacks", "hook that raises")


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_reported_by_name_and_stops_nothing_else(case, discovered):
    text, message = WRONG[case]
    components, problems = discovered(
        alpha=GOOD.replace("mine", "first"), beta=text, gamma=GOOD.replace("mine", "last")
    )
    assert [c.name for c in components] == ["first", "last"]
    [problem] = problems
    where = "beta (entry point maps = beta)"
    assert problem.startswith(where)
    assert problem.removeprefix(where).startswith(message)
    assert problem.endswith(remedy("beta")) == (case in BROKEN)


def test_a_wrong_hook_leaves_the_others_of_its_module(discovered):
    more = (
        GOOD + "\n@hookimpl\ndef globscope_samplers(x):\n    return {}\n@hookimpl\ndef globscope_tasks():\n    1 / 0\n"
    )
    [mine], problems = discovered(alpha=more)
    assert mine.name == "mine"
    assert len(problems) == 2


def test_an_import_of_what_the_api_lacks_names_its_version(discovered):
    _, [problem] = discovered(alpha=GOOD.replace("import hookimpl", "import ChecksTask, hookimpl"))
    assert f"; this is version 2 of the API, see docs/reference/api-versions.md{remedy('alpha')}" in problem


def test_a_misspelt_member_is_reported_and_the_component_is_used(discovered):
    [mine], [problem] = discovered(alpha=optioned("def restores(self, inputs, arrays): ..."))
    assert mine.name == "mine"
    assert problem == (
        "alpha (entry point maps = alpha): globscope_reducers(): 'mine': 'restores' has no effect; "
        "did you mean 'restore'?"
    )


def test_a_wrong_class_leaves_the_others_of_its_hook(discovered):
    [mine], [problem] = discovered(alpha=GOOD.replace('{"mine"', '{"wrong": int, "mine"'))
    assert mine.name == "mine"
    assert "'wrong'" in problem


def test_a_hook_may_have_another_functions_name(discovered):
    text = GOOD.replace("@hookimpl", '@hookimpl(specname="globscope_reducers")').replace(
        "globscope_reducers()", "mine()"
    )
    [mine], problems = discovered(alpha=text)
    assert (mine.role, problems) == ("reducer", [])


def test_a_module_whose_attributes_answer_to_every_name_is_taken(discovered):
    [_], problems = discovered(
        alpha="from unittest.mock import call\nfrom unittest.mock import MagicMock\nm = MagicMock()" + GOOD
    )
    assert problems == []


def test_a_name_claimed_twice_is_used_by_neither(discovered):
    components, problems = discovered(alpha=GOOD, beta=GOOD, gamma=GOOD.replace("mine", "own"))
    assert [c.name for c in components] == ["own"]
    assert problems == [f"reducer 'mine' is offered by alpha and by beta; {CLASH}"]


def test_a_name_claimed_twice_is_that_of_the_one_that_is_not_switched_off(discovered):
    [mine], problems = discovered(disable=["alpha"], alpha=GOOD, beta=GOOD)
    assert (mine.distribution, problems) == ("beta", [])


def test_one_name_may_serve_two_roles(discovered):
    sampler = GOOD.replace("globscope_reducers", "globscope_samplers").replace("def reduce", "def ask")
    components, problems = discovered(alpha=GOOD, beta=sampler)
    assert [(c.role, c.name) for c in components] == [("reducer", "mine"), ("sampler", "mine")]
    assert problems == []


def test_a_module_named_by_two_entry_points_is_read_once(tmp_path, discovered):
    write_distribution(tmp_path, "twice", GOOD, module="twice_module", a="twice_module", b="twice_module")
    [mine], [problem] = discovered()
    assert mine.distribution == "twice"
    assert problem == "twice (entry point b = twice_module) is the module of entry point a, and read once"


def test_an_unknown_component_points_at_the_plugin_that_failed(tmp_path, registry):
    broken = type(registry)(components=registry.components, problems=("beta: something failed",))
    clash = type(registry)(components=registry.components, problems=("reducer 'mine' is offered by alpha and by beta",))
    document = {"task": {"use": "classification"}, "population": {"train": {}, "variant": [{"name": "A"}]}}
    for found, hint in (
        (broken, "some plugins could not be loaded: see `globscope plugins`"),
        (clash, "reducer 'mine' is offered by alpha and by beta"),
    ):
        with pytest.raises(SpecError, match="there is no reducer 'mine'") as caught:
            build(document | {"reducer": [{"use": "mine"}]}, tmp_path / "study.toml", found)
        assert caught.value.problems[0].endswith(hint)


def test_a_study_without_the_fidelity_analysis_is_reported(tmp_path, registry):
    without = type(registry)(components=tuple(c for c in registry.components if c.role != "analysis"))
    document = {
        "task": {"use": "classification"},
        "population": {"train": {}, "variant": [{"name": "A"}]},
        "reducer": [{"use": "pca"}],
    }
    with pytest.raises(SpecError) as caught:
        build(document, tmp_path / "study.toml", without)
    assert caught.value.problems == (
        f"{tmp_path}/study.toml: fidelity: there is no analysis 'fidelity'; there is none",
    )


def test_components_are_found_by_name_or_reported(registry):
    assert [c.cls for c in registry.by_name("classification")] == [Classification]
    with pytest.raises(PluginError, match=r"^no component named 'pcaa'; did you mean 'pca'\?$"):
        registry.by_name("pcaa")


def test_a_component_that_two_distributions_claim_is_reported_so(registry):
    clash = f"reducer 'mine' is offered by alpha and by beta; {CLASH}"
    with pytest.raises(PluginError) as caught:
        evolve(registry, problems=(clash,)).by_name("mine")
    assert str(caught.value) == f"no component named 'mine'; {clash}"
    with pytest.raises(PluginError) as caught:
        evolve(registry, problems=(clash,)).by_name("pcaa")
    assert str(caught.value) == (
        "no component named 'pcaa'; did you mean 'pca'?; some plugins could not be loaded: see `globscope plugins`"
    )


def test_defaults_that_toml_can_hold_are_taken(discovered):
    text = optioned(
        "path: pathlib.Path | None = None",
        "code: Code = Code('nets.py', 'f')",
        "day: datetime.date = datetime.date(2024, 5, 1)",
        "pairs: tuple[tuple[str, float], ...] = (('a', 1.0),)",
        "table: dict = field(factory=lambda: {'a': [1, True]})",
    )
    head = "import datetime, pathlib\nfrom globscope.api import Code\n"
    [mine], problems = discovered(alpha=head + text)
    assert (mine.name, problems) == ("mine", [])


@pytest.mark.parametrize("role", HOOKS)
def test_the_keys_that_a_spec_reads_itself_are_those_that_options_may_not_have(role):
    assert {key.name for key in keys_of(entry_class(role))} == {*KEYS, *MORE_KEYS.get(role, ())}
