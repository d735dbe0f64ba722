"""What a spec means: defaults, overrides, references, and the resolved spec that says it all again."""

import os
import tomllib
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union

import pytest
import tomli_w
from attrs import define, evolve, field, fields, resolve_types
from attrs.validators import deep_iterable, ge, in_, matches_re, optional
from hypothesis import HealthCheck, given, settings, strategies as st
from support.paths import ROOT

from globscope.errors import SpecError, UserCodeError
from globscope.references import Code, Pattern
from globscope.spec.cells import read_sweep
from globscope.spec.component_entry import Entry, ReducerEntry
from globscope.spec.describe import as_toml, options, plain
from globscope.spec.document import parse
from globscope.spec.paths import InvalidError
from globscope.spec.read import build, read_document, read_spec
from globscope.spec.structure import converter
from globscope.spec.training import Train
from globscope.spec.validators import constraints
from globscope.visible import HIDDEN, JOINERS

MINIMAL = """
[task]
use = "classification"
[population.train]
[[population.variant]]
name = "A"
[[reducer]]
use = "pca"
"""
PATH = '[[sampler]]\nuse = "path"\nfiles = ["a.safetensors"]\n'


@pytest.fixture
def spec(tmp_path, registry):
    """A function that reads a spec of some text, with overrides, in a folder of its own."""

    def made(text=MINIMAL, *overrides):
        path = tmp_path / "study.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_spec(path, overrides, registry)

    return made


def again(spec, registry):
    """Return what the resolved spec says, read as a file would be."""
    return build(tomllib.loads(as_toml(spec)), spec.source, registry)


def test_what_is_left_out_has_its_default(spec):
    found = spec()
    assert (found.title, found.seed) == ("", 0)
    assert [entry.use for entry in (found.evaluator, found.fidelity, *found.sampler, *found.topology)] == [
        "torch",
        "fidelity",
        "grid",
        "gudhi",
    ]
    assert found.analysis == ()
    assert found.reducer[0].name == "pca"


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf" + MINIMAL.encode(), MINIMAL.replace("\n", "\r\n").encode()])
def test_editors_marks_and_line_ends_do_not_matter(spec, raw):
    assert spec(raw) == spec()


def test_names_may_hold_brackets_markup_slashes_and_any_alphabet(spec, registry):
    names = ["[bold]a[/bold]", "<script>alert(1)</script>", "../../etc", "Größe 数", 'it\'s "quoted"', "{step}"]
    rows = "".join(f'[[reducer]]\nuse = "pca"\nname = {Name(name)}\n' for name in names)
    found = spec(MINIMAL + rows)
    assert [entry.name for entry in found.reducer[1:]] == names
    assert again(found, registry) == found


def Name(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_a_topology_may_be_wanted_by_nobody(spec, registry):
    found = spec("topology = []\n" + MINIMAL)
    assert found.topology == ()
    assert again(found, registry) == found


# Overrides: (what follows --set, where to look, what is there).
OVERRIDES = [
    ("seed=3", lambda s: s.seed, 3),
    (" seed = 3 ", lambda s: s.seed, 3),
    ("reducer.0.latent_dim=3", lambda s: s.reducer[0].component.latent_dim, 3),
    ("title=two words", lambda s: s.title, "two words"),
    ('title="two words"', lambda s: s.title, "two words"),
    ("title=a=b", lambda s: s.title, "a=b"),
    ("title=", lambda s: s.title, ""),
    ("task.hidden=[8, 4]", lambda s: s.task.component.hidden, (8, 4)),
    ("sampler.0.resolution=7", lambda s: s.sampler[0].component.resolution, 7),  # of the default sampler
    ("evaluator.examples=9", lambda s: s.evaluator.component.examples, 9),
    ("fidelity.held_out=true", lambda s: s.fidelity.component.held_out, True),
    ("population.variant.0.name=B", lambda s: s.population.variant[0].name, "B"),
    ('population."variant".0."name"=B', lambda s: s.population.variant[0].name, "B"),
    ('task.model_options."a.b"=1', lambda s: s.task.component.model_options, {"a.b": 1}),
    ('reducer=[{use = "umap"}]', lambda s: s.reducer[0].use, "umap"),
]


@pytest.mark.parametrize(("text", "where", "value"), OVERRIDES, ids=[text for text, _, _ in OVERRIDES])
def test_any_key_can_be_overridden(spec, text, where, value):
    assert where(spec(MINIMAL, text)) == value
    assert type(where(spec(MINIMAL, text))) is type(value)


def test_the_last_override_of_a_key_wins(spec):
    assert spec(MINIMAL, "seed=1", "seed=2").seed == 2


def test_an_override_leaves_the_defaults_of_the_next_spec_alone(spec):
    spec(MINIMAL, "sampler.0.resolution=7")
    assert spec().sampler[0].component.resolution != 7


def test_paths_start_at_the_specs_folder_and_on_the_command_line_at_the_current_one(spec, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (tmp_path / "a.safetensors").touch()
    (here / "b.safetensors").touch()
    found = spec(MINIMAL + PATH, 'sampler.0.files=["b.safetensors"]')
    assert spec(MINIMAL + PATH).sampler[0].component.files == (tmp_path / "a.safetensors",)
    assert found.sampler[0].component.files == (here / "b.safetensors",)
    (here / "nets.py").touch()
    assert spec(MINIMAL, "task.model=nets.py:build").task.component.model == Code(str(here / "nets.py"), "build")


def test_a_pattern_of_checkpoints_is_absolute_so_that_the_resolved_spec_can_be_run_anywhere(
    spec, tmp_path, monkeypatch
):
    text = MINIMAL.replace("[population.train]\n[[population.variant]]\nname", "[population]\ncheckpoints")
    text = text.replace('"A"', '"c/{variant}/{step}.pt"')
    assert spec(text).population.checkpoints == Pattern(tmp_path / "c/{variant}/{step}.pt")
    monkeypatch.chdir(tmp_path.parent)
    typed = spec(text, "population.checkpoints=d/{variant}-{step}.pt").population.checkpoints
    assert typed == Pattern(tmp_path.parent / "d/{variant}-{step}.pt")


def test_home_is_expanded(spec, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "nets.py").touch()
    assert spec(MINIMAL, "task.model=~/nets.py:f").task.component.model == Code(str(tmp_path / "nets.py"), "f")


def test_a_dotted_module_is_found_without_being_run(spec, tmp_path, monkeypatch):
    package = tmp_path / "globscope_test_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('it was run')")
    monkeypatch.syspath_prepend(tmp_path)
    text = "globscope_test_package.nets:build"
    assert str(spec(MINIMAL, f"task.model={text}").task.component.model) == text


def test_every_shipped_spec_is_read_and_says_the_same_when_resolved(registry, home):
    shipped = [*(ROOT / "specs").glob("*.toml"), ROOT / "globscope/spec/starter.toml"]
    assert len(shipped) > 1
    for path in shipped:
        document, _ = read_document(path)
        cells = read_sweep(document, path, registry).cells if "sweep" in document else ()
        for found in [one.spec for one in cells] or [read_spec(path, registry=registry)]:
            assert again(found, registry) == found, path


# Round trips.


def values(kind, rule):
    """Return hypothesis' values of an option's type within its schema's bounds; None where there are none here."""
    low, high = rule.get("minimum"), rule.get("maximum")
    if kind is int:
        return st.integers(-(2**63) if low is None else low, 2**63 - 1 if high is None else high)
    if kind is float:
        open_low, open_high = rule.get("exclusiveMinimum"), rule.get("exclusiveMaximum")
        return st.floats(
            low if open_low is None else open_low,
            high if open_high is None else open_high,
            exclude_min=open_low is not None,
            exclude_max=open_high is not None,
            allow_nan=False,
            allow_infinity=False,
        )
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1)
    arms = getattr(kind, "__args__", ())
    if getattr(kind, "__origin__", None) is Literal:
        return st.sampled_from(arms)
    if getattr(kind, "__origin__", None) is tuple:
        return _lists(arms[0], rule) if arms[-1] is Ellipsis else st.tuples(*(values(arm, {}) for arm in arms))
    if getattr(kind, "__origin__", UnionType) not in (Union, UnionType):
        return None  # a dict holds what the user's function takes
    found = [strategy for arm in arms if arm is not type(None) and (strategy := values(arm, rule)) is not None]
    return st.one_of(found) if found else None


def _lists(kind, rule):
    items = values(kind, rule.get("items", {}))
    return None if items is None else st.lists(items, min_size=1, max_size=3).map(tuple)


@st.composite
def components(draw, cls):
    """Draw a component with some of its options set; a rule over several options may refuse them."""
    chosen: dict[str, Any] = {}
    for attribute in fields(resolve_types(cls)):
        strategy = values(attribute.type, constraints(attribute.validator))
        if strategy is not None and draw(st.booleans()):
            chosen[attribute.name] = draw(strategy)
    try:
        return cls(**chosen)
    except ValueError:
        return draw(st.nothing())


# Of the characters that may be shown; some of those that are hidden have no meaning yet, so no category says it.
SHOWN = st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")).filter(lambda one: not HIDDEN.search(one))


@st.composite
def entries(draw, registry, role, least):
    """Draw a role's entries with names of their own."""
    names = st.text(SHOWN, min_size=1, max_size=8)
    found = []
    for name in draw(st.lists(names.filter(lambda n: n != "fidelity"), min_size=least, max_size=2, unique=True)):
        known = [c for c in registry.role(role).values() if c.name not in ("path", "fidelity")]  # path needs one of two
        use = draw(st.sampled_from(known))
        plain = Entry(use=use.name, name=name, component=draw(components(use.cls)))
        found.append(plain if role != "reducer" else _reducer(draw, plain))
    return tuple(found)


def _reducer(draw, entry):
    seed, space = draw(st.none() | st.integers(0, 2**63 - 1)), draw(st.sampled_from(["span", "full"]))
    return ReducerEntry(use=entry.use, name=entry.name, component=entry.component, seed=seed, space=space)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_resolved_spec_says_the_same_again(registry, data):
    minimal = build(tomllib.loads(MINIMAL), Path("study.toml"), registry)
    drawn = evolve(
        minimal,
        title=data.draw(st.text(SHOWN)),
        seed=data.draw(st.integers(0, 2**63 - 1)),
        task=evolve(minimal.task, component=data.draw(components(type(minimal.task.component)))),
        evaluator=evolve(minimal.evaluator, component=data.draw(components(type(minimal.evaluator.component)))),
        reducer=data.draw(entries(registry, "reducer", 1)),
        sampler=data.draw(entries(registry, "sampler", 1)),
        topology=data.draw(entries(registry, "topology", 0)),
    )
    assert again(drawn, registry) == drawn


def problems(call, *arguments):
    """Return the problems that a call tells, none where it succeeds; any other exception is a failure."""
    try:
        call(*arguments)
    except SpecError as error:
        return error.problems
    return ()


def is_visible(line):
    """Whether a line shows all its characters, but for joiners, which shape words of Persian and many emoji."""
    return "".join(character for character in line if character not in JOINERS).isprintable()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_a_document_or_reported_as_a_problem(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(raw)
    assert all(line.startswith(f"{path}: ") and is_visible(line) for line in problems(parse, path))


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
).filter(lambda value: value is not None)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=ANY)
def test_any_value_at_any_place_is_taken_or_reported_as_a_problem(registry, data, value):
    document = tomllib.loads(MINIMAL + '[[sampler]]\nuse = "grid"\n[evaluator]\nuse = "torch"\n[fidelity]\n')
    place: Any = document
    while isinstance(place, dict | list) and place:
        keys = list(range(len(place))) if isinstance(place, list) else sorted(place)
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = value
            break
        place = place[key]
    found = problems(build, document, Path("study.toml"), registry)
    assert all(line.startswith("study.toml: ") and is_visible(line) for line in found)


# What a stranger's component may declare.


def _even(_, attribute, value):
    if value % 2:
        raise ValueError(f"{attribute.name} must be even")


def _breaks(_, attribute, value):
    raise ZeroDivisionError("oh")


class Colour(StrEnum):
    RED = "red"


@define(frozen=True, kw_only=True)
class Strange:
    """Options of every kind.

    Attributes:
        pair: Two.
        listed: A type that no spec can set.
        choice: One of three,
            over two lines.
    """

    pair: tuple[str, int] = ("a", 1)
    listed: list[int] = field(factory=list)
    colour: Colour = Colour.RED
    anything: Any = None
    choice: str = field(default="a", validator=in_(["a", "b", "c"]))
    word: str = field(default="a", validator=matches_re("[a-z]+"))
    even: int | None = field(default=None, validator=optional([ge(0), _even]))
    several: tuple[int, ...] = field(default=(), validator=deep_iterable(ge(1)))
    nested: tuple[tuple[int, ...], ...] = field(default=(), validator=deep_iterable(deep_iterable(ge(1))))
    broken: int | None = field(default=None, validator=optional(_breaks))
    level: Literal[1, 2] = 1
    hidden: int = field(default=7, init=False)


STRANGE = [
    ({"pair": ["x", 2]}, None),
    ({"pair": ["x"]}, ("pair", "expected [text, an integer], got ['x'] (list)")),
    ({"pair": ["x", "y"]}, ("pair.1", "expected an integer, got 'y' (text)")),
    ({"listed": [1]}, ("listed", "cannot be set from a spec: its type is list, a defect of the component")),
    ({"colour": "red"}, ("colour", "cannot be set from a spec: its type is Colour, a defect of the component")),
    ({"anything": 1}, ("anything", "cannot be set from a spec: its type is Any, a defect of the component")),
    ({"choice": "d"}, ("choice", "must be 'a', 'b' or 'c', got 'd'")),
    ({"even": 3}, ("even", "must be even, got 3")),
    ({"even": -2}, ("even", "must be >= 0, got -2")),
    ({"even": 4}, None),
    ({"several": [1, 0]}, ("several.1", "must be >= 1, got 0")),
    ({"several": ["a", 0]}, ("several.1", "must be >= 1, got 0")),
    ({"nested": [[1], [2, "b", -1]]}, ("nested.1.1", "expected an integer, got 'b' (text)")),
    ({"nested": [[1], [2, -1]]}, ("nested.1.1", "must be >= 1, got -1")),
    ({"broken": 1}, ("broken", "was refused: ZeroDivisionError: oh (test_spec.py, line ***), got 1")),
    ({"level": 2}, None),
    ({"level": 2.0}, ("level", "expected 1 or 2, got 2.0 (number)")),
    ({"level": True}, ("level", "expected 1 or 2, got true")),
    ({"hidden": 1}, ("hidden", "there is no such key; known: ***")),
]


@pytest.mark.parametrize(("table", "problem"), STRANGE, ids=[str(table) for table, _ in STRANGE])
def test_a_strangers_options_are_structured_or_reported(table, problem):
    strict = converter(Path("/"))
    if problem is None:
        made, [(name, value)] = strict.structure(table, Strange), table.items()
        assert getattr(made, name) == (tuple(value) if isinstance(value, list) else value)
        return
    with pytest.raises(InvalidError) as caught:
        strict.structure(table, Strange)
    place, text = problem
    messages = dict(caught.value.problems)
    start, _, end = text.partition("***")
    assert messages[place].startswith(start)
    assert messages[place].endswith(end)


@define(frozen=True, kw_only=True)
class Outer:
    """Hold a table of options."""

    inner: Train = field(factory=lambda: Train(epochs=3))


def test_a_table_of_options_is_written_as_it_is_read():
    written = tomli_w.dumps(plain({"inner": Train(epochs=7, optimiser="sgd")}))
    again = converter(Path("/")).structure(tomllib.loads(written), Outer)
    assert again == Outer(inner=Train(epochs=7, optimiser="sgd"))
    assert next(options(Outer)).default.startswith("{epochs = 3, ")


def test_options_are_shown_with_type_default_and_meaning():
    shown = {option.name: (option.kind, option.default, option.meaning) for option in options(Strange)}
    assert shown["pair"] == ("[text, an integer]", "['a', 1]", "Two.")
    assert shown["choice"] == ("text", "'a'", "One of three, over two lines.")
    assert shown["even"] == ("an integer", "unset", "")
    assert shown["level"] == ("1 or 2", "1", "")
    assert "hidden" not in shown


# The user's own code.


@pytest.fixture
def code(tmp_path):
    """A function that writes files, of which the first is the user's module."""

    def written(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        return Code(str(tmp_path / f"{next(iter(files))}.py"), "build")

    return written


def test_code_sees_modules_beside_it_at_import_and_when_it_runs(code):
    made = code(nets="def build():\n    import beside_late\n    return beside_late.value\n", beside_late="value = 5\n")
    assert made.call() == 5


def test_code_is_run_once_as_long_as_it_stays_the_same(code, tmp_path):
    text = f"with open({str(tmp_path / 'runs')!r}, 'a') as file:\n    file.write('x')\ndef build(): ...\n"
    made = code(nets=text)
    assert made.load() is made.load()
    assert (tmp_path / "runs").read_text() == "x"


def test_code_that_changes_is_run_again_with_what_it_imports(code):
    nets = "import beside_one\ndef build(): return beside_one.value()\n"
    one = "import beside_two\ndef value(): return beside_two.value\n"
    made = code(nets=nets, beside_one=one, beside_two="value = 1\n")
    first = made.digest()
    assert made.call() == 1
    assert code(nets=nets, beside_one=one, beside_two="value = 22\n").call() == 22
    assert made.digest() != first


def test_modules_of_one_name_in_two_folders_are_not_confused(tmp_path):
    found = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "beside_shared.py").write_text(f"value = {folder!r}\n")
        nets = tmp_path / folder / "nets.py"
        nets.write_text("import beside_shared\ndef build(): return beside_shared.value\n")
        found.append(Code(str(nets), "build").call())
    assert found == ["a", "b"]


def test_a_module_that_failed_is_tried_again(code, tmp_path):
    made = code(nets="import os\nassert os.environ.get('GLOBSCOPE_TEST_FLAG')\ndef build(): return 1\n")
    with pytest.raises(UserCodeError):
        made.call()
    os.environ["GLOBSCOPE_TEST_FLAG"] = "1"
    try:
        assert made.call() == 1
    finally:
        del os.environ["GLOBSCOPE_TEST_FLAG"]


def test_the_import_path_is_left_as_it_was(code):
    import sys

    before = list(sys.path)
    code(nets="def build(): return 1\n").call()
    with pytest.raises(UserCodeError):
        code(nets="1 / 0\n").call()
    assert sys.path == before
