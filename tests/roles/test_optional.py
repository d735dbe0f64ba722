"""What components may offer beside what they must is declared by role, and read in one place."""

import ast
import inspect
from pathlib import Path

import pytest
from attrs import define, fields, has
from docstring_parser import DocstringStyle, parse

import globscope
from globscope import hookspecs, roles
from globscope.api import (
    AnalysisTraits,
    Checks,
    Counts,
    Derives,
    PluginError,
    ProbeTraits,
    ReducerTraits,
    SamplerTraits,
    capability,
    traits,
)
from globscope.registry import HOOKS, installed_registry
from globscope.roles import OPTIONAL, misspelt_members
from globscope.testing import ContractError, checks_for

ROOT = Path(globscope.__file__).parent


class Plain:
    """Offers nothing."""


@define(frozen=True, kw_only=True)
class Counting:
    """A sampler's method, and an option called as another one's."""

    shape: int = 3

    @property
    def traits(self):
        return SamplerTraits(variants=("A",))

    def count(self, dimension):
        return dimension


def reads(text):
    """Return the calls of `getattr` with a literal name and a default in a module's text."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "getattr"]
    return [call for call in named if len(call.args) == 3 and isinstance(call.args[1], ast.Constant)]


def test_one_module_alone_reads_an_attribute_by_a_literal_name_with_a_default():
    assert len(reads("getattr(one, 'rest', {})\ngetattr(one, name, None)\ngetattr(one, 'rest')")) == 1
    found = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if reads(path.read_text("utf-8"))]
    assert found == ["roles/optional.py"]


def test_what_is_absent_has_the_default_of_the_role():
    assert traits(Plain(), ReducerTraits) == ReducerTraits()
    assert traits(Counting(), SamplerTraits).variants == ("A",)
    assert capability(Plain(), Counts) is None


def test_a_method_is_offered_by_the_component_that_has_it():
    assert capability(Counting(), Counts).count(3) == 3
    assert capability(Counting(), Derives) is None


def test_an_option_that_is_called_as_an_optional_method_is_none():
    assert capability(Counting(), roles.FillsLattice) is None


def test_traits_of_another_role_are_refused():
    with pytest.raises(PluginError, match=r"^Counting: traits is SamplerTraits, where ReducerTraits is wanted$"):
        traits(Counting(), ReducerTraits)


def test_a_property_of_traits_that_fails_is_not_taken_for_a_missing_one():
    class Wrong:
        @property
        def traits(self):
            return self.nothing

    with pytest.raises(AttributeError, match="nothing"):
        traits(Wrong(), ReducerTraits)


def test_an_option_called_field_is_a_measured_field_only_where_traits_declare_it():
    @define(frozen=True, kw_only=True)
    class Magnetic:
        field: str = "north"

    assert traits(Magnetic(), AnalysisTraits).field is None


def test_a_method_near_an_optional_one_is_a_misspelling():
    class Wrong:
        def refit(self):
            """Misspelt."""

    assert list(misspelt_members("analysis", Wrong)) == ["'refit' has no effect; did you mean 'refits'?"]


def test_a_trait_beside_traits_is_one_that_has_no_effect():
    class Wrong:
        own_space = True

    message = "'own_space' has no effect: it belongs into traits, as ReducerTraits(own_space=…)"
    assert list(misspelt_members("reducer", Wrong)) == [message]


def test_a_misspelt_trait_cannot_be_written():
    with pytest.raises(TypeError, match="own_spcae"):
        ReducerTraits(own_spcae=True)


def test_options_and_what_is_there_too_are_no_misspellings():
    @define(frozen=True, kw_only=True)
    class Right:
        trials: int = 3
        own_space: bool = True

        def trial(self, members):
            """Optional."""

        def trials_of(self, members):
            """Near it."""

    assert list(misspelt_members("reducer", Right)) == []


def test_the_kit_reports_a_misspelt_member_with_the_near_name():
    @define(frozen=True, kw_only=True)
    class Wrong:
        """Ask for nothing."""

        def ask(self, chart, landscape, rng):
            """Return nothing."""

        def counts(self, dimension):
            """Misspelt."""

    check = dict(checks_for(Wrong()))["misspells_no_optional_member"]
    with pytest.raises(ContractError, match="'counts' has no effect; did you mean 'count'"):
        check()


def test_no_built_in_has_a_misspelt_member():
    assert [text for one in installed_registry().components for text in misspelt_members(one.role, one.cls)] == []


def test_every_role_that_may_check_is_handed_the_same_facts():
    checking = {role for role, of in OPTIONAL.items() if Checks in of}
    assert checking == {"reducer", "sampler", "evaluator", "topology", "aligner", "analysis"}
    own = [one.cls.check for one in installed_registry().components if capability(one.cls, Checks) is not None]
    assert own
    assert {tuple(inspect.signature(check).parameters) for check in own} == {("self", "facts")}


def test_no_trait_means_two_things():
    declared = [a for of in OPTIONAL.values() for one in of if has(one) for a in fields(one)]
    kinds = {}
    for attribute in declared:
        kinds.setdefault(attribute.name, set()).add(attribute.type)
    assert {name for name, several in kinds.items() if len(several) > 1} == set()
    assert "needs" not in kinds


DOCUMENTED = [one for one in vars(roles).values() if inspect.isclass(one)]


@pytest.mark.parametrize("role", DOCUMENTED, ids=lambda role: role.__name__)
def test_every_attribute_of_a_role_is_documented_with_its_meaning(role):
    entries = {one.arg_name: one.description for one in parse(inspect.getdoc(role), DocstringStyle.GOOGLE).params}
    if has(role):
        assert list(entries) == [a.name for a in fields(role)]
    short = {name: text for name, text in entries.items() if len(text.split()) < 3}
    assert short == {}


def test_hooks_have_a_sentence_each():
    hooks = [one for name, one in vars(hookspecs).items() if name.startswith("globscope_")]
    assert all(inspect.getdoc(hook).endswith(".") for hook in hooks)


def test_the_traits_of_a_probe_are_no_attributes_of_it(registry):
    probe = registry.role("task")["pinn-convection"].cls().build("cpu")
    assert list(misspelt_members("probe", probe)) == []
    assert isinstance(probe.traits, ProbeTraits)


def test_every_role_of_the_registry_says_what_is_optional():
    assert set(HOOKS) <= set(OPTIONAL)


def test_the_kit_reports_a_check_with_the_arguments_of_version_1():
    @define(frozen=True, kw_only=True)
    class Wrong:
        """Find nothing."""

        def analyse(self, atlas, bench, rng):
            """Return nothing."""

        def check(self, probe, variants):
            """Refuse nothing."""

    check = dict(checks_for(Wrong()))["checks_the_facts_of_a_study"]
    with pytest.raises(ContractError, match=r"raised TypeError: .*missing 1 required positional argument"):
        check()


def test_the_kit_reports_the_traits_of_another_role():
    @define(frozen=True, kw_only=True)
    class Wrong:
        """Ask for nothing."""

        traits = ReducerTraits()

        def ask(self, chart, landscape, rng):
            """Return nothing."""

    check = dict(checks_for(Wrong()))["misspells_no_optional_member"]
    with pytest.raises(ContractError, match="traits is ReducerTraits, where SamplerTraits is wanted"):
        check()
