"""A plugin that is switched off: by an option or by a spec, nothing of it is imported, wherever the work is done."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from support.commands import run
from support.distributions import write_distribution
from support.messages import GOOD, assert_lines, error_lines
from support.study import TINY, study_in, values

import globscope
from globscope.cli import app
from globscope.registry import discover, installed_registry
from globscope.session import finished_result
from globscope.spec.describe import as_toml
from globscope.spec.read import read_spec

pytestmark = pytest.mark.usefixtures("blank_pictures")
# Leaves a line for every process that imports it, and is a reducer.
LOUD = """
import os
from pathlib import Path
from attrs import define
from globscope.api import hookimpl

GLOBSCOPE_API = 2
with (Path(__file__).parent / "imports.txt").open("a") as opened:
    opened.write(f"{os.getpid()}\\n")


@define(frozen=True, kw_only=True)
class Loud:
    '''Be heard.'''

    def reduce(self, inputs, rng): ...


@hookimpl
def globscope_reducers():
    return {"loud": Loud}
"""
OFF = '[plugins]\ndisable = ["{}"]\n'


@pytest.fixture
def loud(tmp_path, monkeypatch):
    """Name of an installed distribution with a reducer, which no other test has."""
    site = tmp_path / "site"
    site.mkdir()
    name = f"loud-{tmp_path.name.replace('_', '-').lower()}"
    write_distribution(site, name, LOUD)
    monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(tmp_path)
    return name


def importers(folder):
    """Return the processes that imported the plugin."""
    file = folder / "site/imports.txt"
    return set(file.read_text().split()) if file.exists() else set()


def test_nothing_of_a_distribution_that_is_switched_off_is_imported(loud, tmp_path):
    quiet = installed_registry([loud.upper().replace("-", "_")])
    assert not importers(tmp_path)
    assert "loud" not in quiet.role("reducer")
    assert (quiet.disabled, quiet.missing, quiet.problems) == ((f"{loud} 1",), (), ())
    assert "loud" in installed_registry(["globscope-no-such"]).role("reducer")
    assert importers(tmp_path) == {str(os.getpid())}


def test_the_registry_that_workers_are_sent_does_not_name_it(loud):
    module = loud.replace("-", "_").encode()
    assert module not in pickle.dumps(installed_registry([loud]))
    assert module in pickle.dumps(installed_registry(["globscope-no-such-either"]))


@pytest.mark.parametrize("place", ["before", "after", "spec", "set"])
def test_it_is_switched_off_before_or_after_the_command_or_by_the_spec(place, loud, tmp_path, spec_file):
    spec = spec_file(TINY + (OFF.format(loud) if place == "spec" else "") + "[reducr]\n")  # refused once it is read
    option = ["--disable", loud]
    arguments = {
        "before": [*option, "check", spec],
        "after": ["check", spec, *option],
        "spec": ["check", spec],
        "set": ["check", spec, "--set", f'plugins.disable=["{loud}"]'],
    }
    result = run(*arguments[place])
    assert result.stderr.endswith("reducr: there is no such key; did you mean 'reducer'?\n")
    assert not importers(tmp_path)


@pytest.mark.parametrize(
    "command", [["plugins"], ["plugins", "pca"], ["schema"], ["plugin", "new", "mine", "--role", "reducer"]]
)
def test_commands_about_components_do_without_it(command, loud, tmp_path):
    result = run(*command, "--disable", loud)
    assert result.exit_code == 0
    assert "Be heard" not in result.stdout
    assert not importers(tmp_path)


def test_plugins_lists_what_is_switched_off_in_a_line_each(loud):
    assert run("--disable", loud, "plugins").stdout.splitlines()[-1] == f"switched off: {loud} 1"
    assert run("plugins", "loud", "--disable", loud).stderr.splitlines()[-1].endswith(f"[plugins] disable: {loud} 1")


@pytest.mark.parametrize(
    "command",
    [
        ["figure", "run", "--out", "map.svg"],
        ["take", "run", "--member", "A@2"],
        ["project", "run", "taken.safetensors"],
    ],
)
def test_commands_about_runs_do_without_it(command, loud, tmp_path, finished_study):
    shutil.copytree(finished_study, tmp_path, dirs_exist_ok=True)
    if command[0] == "project":
        finished_result("run", disable=[loud]).network(member="A").save(Path("taken.safetensors"))
    result = run(*command, "--disable", loud)
    assert result.exit_code == 0, result.output
    assert not importers(tmp_path)


@pytest.mark.parametrize("command", [["show", "run"], ["compare", "run", "other"], ["export", "run"]])
def test_commands_that_only_read_numbers_import_no_plugin_and_have_the_option_in_front(
    command, loud, tmp_path, finished_study, capsys
):
    for name in ("run", "other"):
        shutil.copytree(finished_study / "run", tmp_path / name)
    assert run(*command).exit_code == 0
    assert run("--disable", loud, *command).exit_code == 0
    assert not importers(tmp_path)
    with pytest.raises(SystemExit):
        app([*command, "--disable", loud])
    assert capsys.readouterr().err.splitlines()[-1] == (
        "Error: No such option: --disable; write it in front of the command: globscope --disable NAME COMMAND"
    )


def test_a_switch_is_in_the_resolved_spec_and_changes_no_stage_key(loud, tmp_path):
    plain = values(study_in(tmp_path, TINY), None)
    study = study_in(tmp_path, TINY + OFF.format(loud.upper()))
    again = values(study, None)
    assert f'[plugins]\ndisable = [\n    "{loud}",\n]\n' in as_toml(study.spec)
    assert "[plugins]" not in as_toml(study_in(tmp_path, TINY).spec)
    stages = [{(one["stage"], one["key"]) for one in found.record["manifest"]["stages"]} for found in (plain, again)]
    assert stages[0] == stages[1]
    assert f"{loud} 1" not in again.record["manifest"]["plugins"]


def test_a_study_is_loaded_and_declared_without_it(loud, tmp_path, spec_file):
    assert globscope.load(spec_file(), disable=[loud]).spec.plugins.disable == (loud,)
    sweep = globscope.load(spec_file(TINY + "[sweep]\nseed = [0, 1]\n"), disable=[loud])
    assert {cell.spec.plugins.disable for cell in sweep.spec.cells} == {(loud,)}
    assert sweep.registry.disabled == sweep.study(sweep.spec.cells[0]).registry.disabled == (f"{loud} 1",)
    declared = globscope.study(reducers="pca", variants=["A"], hidden=[8], plugins={"disable": [loud]}, folder="run")
    assert declared.registry.disabled == (f"{loud} 1",)
    assert not importers(tmp_path)


# What is switched off, the rest of the spec, and the message: "{loud}" is the distribution's name.
MESSAGES = {
    "component of it": (
        ["{loud}"],
        GOOD.replace('"pca"', '"lout"'),
        "study.toml: reducer.0.use: there is no reducer 'lout'; known: ***; "
        "switched off by --disable or [plugins] disable: {loud} 1",
    ),
    "the built-in components": (
        ["Globscope"],
        GOOD,
        "study.toml: plugins.disable.0: must not be the distribution of the built-in components, which every study "
        "needs, got 'Globscope'",
    ),
    "one name instead of a list": (
        "{loud}",
        GOOD,
        "study.toml: plugins.disable: expected a list of texts, got '{loud}' (text)",
    ),
    "no name": ([3], GOOD, "study.toml: plugins.disable.0: expected text, got 3 (integer)"),
    "swept": (
        [],
        GOOD + "[sweep]\nplugins.disable = [['a'], []]",
        "study.toml: sweep.plugins.disable: is not part of any result; [plugins] is of the sweep as a whole",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_what_is_wrong_with_a_switch_is_reported_verbatim(case, loud, spec_file):
    names, text, wanted = MESSAGES[case]
    disable = json.dumps(names).replace("{loud}", loud)
    spec_file(f"[plugins]\ndisable = {disable}\n{text}", "study.toml")
    assert_lines(error_lines(globscope.load, "study.toml"), [wanted.replace("{loud}", loud)])


def test_a_known_package_that_is_switched_off_or_broken_is_named(tmp_path, monkeypatch, spec_file):
    write_distribution(tmp_path, "globscope-ttk", "import no_such_thing", module="broken_ttk")
    monkeypatch.syspath_prepend(tmp_path)
    spec = spec_file(GOOD + '[[topology]]\nuse = "ttk"\n', "study.toml")
    monkeypatch.chdir(tmp_path)
    place = "study.toml: topology.0.use: there is no topology 'ttk'; it comes with the package globscope-ttk, which"
    assert error_lines(read_spec, Path(spec.name), [], None, ["globscope-ttk"]) == [
        f"{place} is switched off by --disable or [plugins] disable"
    ]
    assert error_lines(read_spec, Path(spec.name), [], discover(entry_points(group="globscope"))) == [
        f"{place} could not be loaded: globscope-ttk (entry point maps = broken_ttk) cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_thing' (broken_ttk.py, line 1); "
        "fix it, or switch it off: --disable globscope-ttk or [plugins] disable"
    ]


def test_a_class_without_its_roles_method_is_refused_when_a_spec_names_it(tmp_path, monkeypatch, spec_file):
    write_distribution(tmp_path, "alpha", LOUD.replace("def reduce", "def fit"), module="silent_alpha")
    monkeypatch.syspath_prepend(tmp_path)
    spec = spec_file(GOOD + '[[reducer]]\nuse = "loud"\n', "study.toml")
    monkeypatch.chdir(tmp_path)
    assert error_lines(read_spec, Path(spec.name), [], discover(entry_points(group="globscope"))) == [
        "study.toml: reducer.1.use: there is no reducer 'loud'; alpha (entry point maps = silent_alpha): "
        "globscope_reducers(): 'loud' is no reducer: its class Loud has no method 'reduce'"
    ]


def test_a_name_that_is_not_installed_is_an_error_of_the_command_line_and_a_warning_of_a_spec(loud, tmp_path, notes):
    wanted = f"no installed distribution '{loud}x' offers components; did you mean '{loud}'?"
    for name, problem in {f"{loud}x": wanted, "globscope": "must not be the distribution of the built-in"}.items():
        refused = run("plugins", "--disable", name)
        assert refused.exit_code == 2
        assert refused.stderr.splitlines()[-1].startswith(f"Error: Invalid value for '--disable': {problem}")
    study = study_in(tmp_path, TINY + OFF.format(f"{loud}x"))
    study.begin(notes)
    assert notes.warned == [wanted]
    assert study.estimate().warnings == (wanted,)


@pytest.mark.slow
@pytest.mark.parametrize("text", [TINY, TINY + "[sweep]\nseed = [0, 1]\n"], ids=["study", "sweep"])
def test_worker_processes_do_not_import_it(text, loud, tmp_path, spec_file):
    spec_file(text)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "globscope", "study", "tiny.toml", "--set", "run={pool='processes', workers=2}"]
    for options, count in (["--disable", loud], 0), (["--out", "loud"], 3):
        subprocess.run([*command, *options], check=True, env=environment)
        assert len(importers(tmp_path)) >= count
        assert bool(importers(tmp_path)) == bool(count)
