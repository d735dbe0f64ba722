"""Every package under `plugins/` keeps the contract, and `globscope plugin check` says of any package if it does."""

import re
import sys
import tomllib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from attrs import define, evolve
from support.contract_components import Corners, Kept2D
from support.distributions import write_distribution
from typer.testing import CliRunner

from globscope import registry
from globscope.cli import app
from globscope.errors import PluginError
from globscope.registry import Registry, discover
from globscope.testing import registry_of

PLUGINS = Path(__file__).parents[2] / "plugins"


def components_of(folder):
    """Return the components of a package that is not installed, none where it only brings functions."""
    sys.path.insert(0, str(folder))
    declared = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    return discover(
        [
            EntryPoint(name, value, "globscope")
            for name, value in declared.get("entry-points", {}).get("globscope", {}).items()
        ]
    )


@pytest.mark.parametrize("path", sorted(PLUGINS.glob("*/pyproject.toml")), ids=lambda path: path.parent.name)
def test_the_own_tests_of_every_package_under_plugins_run_the_kit_over_all_its_components(path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    found = components_of(path.parent)
    assert found.problems == ()
    tests = "".join(file.read_text("utf-8") for file in path.parent.glob("tests/test_*.py"))
    for component in found.components:
        # Some need a cluster, another Python or a training, which their own tests bring or shorten.
        named = rf"[^)]*{component.cls.__name__}(\.quick_examples)?\("
        assert re.search(rf"(parametrize_contract|check_component|checks_for)\(\s*\[?{named}", tests), component


@pytest.fixture
def checked(monkeypatch):
    """A function that runs `globscope plugin check` where only a few components are installed."""

    def run(*arguments, problems=(), **components):
        found = registry_of(**components)
        own = Registry(components=found.components, problems=problems)
        monkeypatch.setattr(registry, "installed_registry", lambda disable=(): own)
        return CliRunner().invoke(app, ["plugin", "check", *arguments])

    return run


class Talking(Kept2D):
    """Keep two coordinates, and say so."""

    def reduce(self, inputs, rng):
        print("I keep two coordinates")
        return super().reduce(inputs, rng)


def test_a_package_that_keeps_the_contract_gets_a_line_for_each_component_and_exit_code_0(checked):
    result = checked("globscope-testing", corners=Corners, **{"keep-two": Kept2D})
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.rpartition(": ")[0] for line in lines] == ["sampler corners", "reducer keep-two latent_dim=2"]
    assert all(line.endswith(" passed") for line in lines)


def test_a_check_that_fails_says_what_is_wrong_and_why_it_matters_and_the_exit_code_is_1(checked):
    result = checked("talking", talking=Talking)
    assert result.exit_code == 1
    [title, wrong, reason] = [line for line in result.stdout.splitlines() if line != "I keep two coordinates"]
    assert title.endswith(" passed, 1 failed")
    assert wrong == r"  leaves_the_process_alone: prints 'I keep two coordinates\n'"
    assert reason.startswith("    Other components, GlobScope and the user's own code run in the same process: ")


def test_a_component_is_checked_with_options_of_the_command_line(checked):
    result = checked("keep-two", "--set", "latent_dim=3", **{"keep-two": Kept2D})
    assert result.exit_code == 1
    assert "reducer keep-two latent_dim=3: " in result.stdout
    assert "its traits say latent_dim = 2" in result.stdout
    refused = checked("keep-two", "--set", "latent_dims=3", **{"keep-two": Kept2D})
    assert refused.exit_code == 2
    assert refused.stderr == "error: --set latent_dims: there is no such key; did you mean 'latent_dim'?\n"


class TwoRoles(Kept2D):
    """Keep two coordinates, and be asked for points."""

    def ask(self, request): ...


def test_a_component_with_the_methods_of_two_roles_is_a_finding_and_no_traceback(checked, monkeypatch):
    found = registry_of(**{"keep-two": Kept2D})
    [one] = found.components
    monkeypatch.setattr(
        "test_plugin_packages.registry_of", lambda **_: Registry(components=(evolve(one, cls=TwoRoles),))
    )
    result = checked("keep-two")
    assert result.exit_code == 1
    assert "TwoRoles must have the method of one role, one of build, reduce, " in result.stdout
    assert "; it has those of reducer and sampler\n" in result.stdout


class NeedsMore(Kept2D):
    """Keep two coordinates, where a package is installed."""

    @classmethod
    def quick_examples(cls):
        raise PluginError("reducer.use: 'needs-more' needs the package more, which is not installed: pip install more")


class Imports(Kept2D):
    """Keep two coordinates, where a package is installed."""

    @classmethod
    def quick_examples(cls):
        import no_such_thing  # noqa: F401


class Fails(Kept2D):
    """Keep two coordinates, and have no examples."""

    @classmethod
    def quick_examples(cls):
        return [1 / 0]


class Gives(Kept2D):
    """Keep two coordinates, and have no examples."""

    @classmethod
    def quick_examples(cls):
        return []


@define(frozen=True, kw_only=True)
class Asks:
    """Keep so many coordinates."""

    latent_dim: int

    def reduce(self, inputs, rng): ...


# A class, the exit code, and what is printed first.
WITHOUT_EXAMPLES = {
    "a package is not installed": (
        NeedsMore,
        0,
        "reducer one: not checked: 'needs-more' needs the package more, which is not installed: pip install more",
    ),
    "an import fails": (Imports, 0, "reducer one: not checked: No module named 'no_such_thing'"),
    "the examples fail": (Fails, 1, "  cannot make its examples: ZeroDivisionError: division by zero (test_plugin"),
    "there are no examples": (Gives, 1, "  quick_examples() returns nothing"),
    "an option is required": (
        Asks,
        0,
        "reducer one: not checked: Asks.__init__() missing 1 required keyword-only argument: 'latent_dim'; "
        "give options by --set, or by quick_examples() of its class",
    ),
}


@pytest.mark.parametrize("case", WITHOUT_EXAMPLES)
def test_a_component_without_examples_is_told_why_and_what_to_do(case, checked):
    cls, code, line = WITHOUT_EXAMPLES[case]
    result = checked("one", one=cls)
    assert result.exit_code == code
    printed = result.stdout.splitlines()
    [found] = [text for text in printed if text.startswith(line)]
    assert code == 1 or printed == [line] == [found]


def test_the_task_of_transformers_names_the_package_where_it_is_not_installed(monkeypatch):
    monkeypatch.setattr("globscope.builtin.tasks.hugging_face.configuration.find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["plugin", "check", "transformers"])
    wanted = (
        "'transformers' needs the package transformers, which is not installed: pip install \"globscope[transformers]\""
    )
    assert (result.exit_code, result.stdout) == (0, f"task transformers: not checked: {wanted}\n")


MUTE = """
from attrs import define
from globscope.api import hookimpl

GLOBSCOPE_API = 2

@define(frozen=True, kw_only=True)
class Mute:
    '''Say nothing.'''

@hookimpl
def globscope_reducers():
    return {"mute": Mute}
"""


def test_a_package_whose_class_lacks_its_roles_method_is_told_so_once(tmp_path, monkeypatch):
    write_distribution(tmp_path, "alpha", MUTE, module="mute_alpha")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "installed_registry", lambda disable=(): discover(entry_points(group="globscope")))
    result = CliRunner().invoke(app, ["plugin", "check", "alpha"])
    assert (result.exit_code, result.stdout) == (
        1,
        "problem: alpha (entry point maps = mute_alpha): globscope_reducers(): 'mute' is no reducer: its class Mute "
        "has no method 'reduce'\n",
    )


def test_a_name_that_could_not_be_loaded_is_refused_with_the_reason(checked):
    problem = "globscope-mine (entry point maps = mine): globscope_reducers(): 'mine' is not an attrs class"
    result = checked("mine", problems=(problem,), **{"keep-two": Kept2D})
    assert result.exit_code == 2
    assert result.stderr == f"error: no installed package or component is called 'mine'; {problem}\n"


def test_a_name_that_nobody_has_is_refused_with_what_is_near(checked):
    result = checked("keep-to", **{"keep-two": Kept2D})
    assert result.exit_code == 2
    expected = "error: no installed package or component is called 'keep-to'; did you mean 'keep-two'?\n"
    assert result.stderr == expected


def test_a_package_that_cannot_be_used_fails_with_its_problem(checked):
    result = checked("broken", problems=("broken (entry point b = b) cannot be imported",))
    assert (result.exit_code, result.stdout) == (1, "problem: broken (entry point b = b) cannot be imported\n")
