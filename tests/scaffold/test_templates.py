"""Packages of every role, as they are written: found, checked, linted, typed."""

import ast
import os
import signal
import subprocess
import sys
import time
import tomllib
from importlib.metadata import EntryPoint
from multiprocessing import active_children

import pytest
from support.pool_work import fatal, noted

from globscope import hookspecs
from globscope.api import PoolError
from globscope.registry import HOOKS, Registry, discover, installed_registry
from globscope.scaffold import write_package
from globscope.spec.read import build
from globscope.testing import checks_for
from globscope.testing.checks.options import OptionChecks


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a package of every role, `made-<role>`."""
    folder = tmp_path_factory.mktemp("packages")
    for role in HOOKS:
        write_package(f"made-{role}", role, folder / f"made-{role}")
    return folder


@pytest.fixture(scope="module")
def found(folder):
    """The registry of all these packages, as if they were installed."""
    with pytest.MonkeyPatch.context() as patch:
        for role in HOOKS:
            patch.syspath_prepend(folder / f"made-{role}")
        return discover(EntryPoint(f"made-{role}", f"made_{role}", hookspecs.NAMESPACE) for role in HOOKS)


def test_every_package_is_found_with_one_component_and_without_a_problem(found):
    assert found.problems == ()
    assert {(c.role, c.name, c.cls.__name__) for c in found.components} == {
        (role, f"made-{role}", f"Made{role.capitalize()}") for role in HOOKS
    }
    assert all(c.summary.endswith(".") for c in found.components)


@pytest.mark.parametrize("role", HOOKS)
def test_every_component_keeps_the_contract(role, found):
    [component] = found.role(role).values()
    # All others of a pool start processes: the transcript has them.
    checks = [check for name, check in checks_for(component.cls()) if role != "pool" or name in vars(OptionChecks)]
    assert len(checks) > 5
    for check in checks:
        check()


@pytest.mark.parametrize("role", HOOKS)
def test_its_study_is_valid_and_its_readme_shows_a_part_of_it(role, found, folder):
    package = folder / f"made-{role}"
    registry = Registry(components=(*installed_registry().components, *found.components))
    text = (package / "study.toml").read_text("utf-8")
    build(tomllib.loads(text), package / "study.toml", registry)
    [shown] = [part.partition("\n```")[0] for part in (package / "README.md").read_text("utf-8").split("```toml\n")[1:]]
    assert f'"made-{role}"' in shown
    assert shown in text


@pytest.mark.parametrize("role", HOOKS)
def test_every_function_for_others_has_a_docstring_and_types(role, folder):
    tree = ast.parse((folder / f"made-{role}" / f"made_{role}.py").read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    assert [one.name for one in functions if one.returns is None] == []
    inner = {node for one in functions for node in ast.walk(one) if isinstance(node, ast.FunctionDef)} - {*functions}
    assert [one.name for one in functions if one not in inner and not ast.get_docstring(one)] == []


@pytest.mark.parametrize("role", HOOKS)
def test_nothing_is_left_for_ruff_to_say_with_its_own_settings(role, folder):
    pytest.importorskip("ruff")
    for arguments in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--no-cache"]
        done = subprocess.run(command, cwd=folder / f"made-{role}", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_all_types_are_right_by_the_strictest_rules_of_mypy(folder, tmp_path):
    pytest.importorskip("mypy")
    modules = [str(path) for path in folder.glob("*/**/*.py")]
    roots = {"MYPYPATH": ":".join(str(folder / f"made-{role}") for role in HOOKS)}
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "--config-file=", *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | roots)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_modules_are_short(folder):
    lengths = {path.stem: len(path.read_text("utf-8").splitlines()) for path in folder.glob("*/made_*.py")}
    assert len(lengths) == len(HOOKS)
    assert {name: lines for name, lines in lengths.items() if lines > 190} == {}


@pytest.mark.parametrize(("name", "role"), [("chart", "reducer"), ("none", "pool"), ("sine-probe", "task")])
def test_a_class_never_has_the_name_of_something_else_in_its_module(name, role, tmp_path):
    folder = write_package(f"globscope-{name}", role, tmp_path / "new")
    [module] = folder.glob("globscope_*.py")
    wanted = f"{name.title().replace('-', '')}{role.capitalize()}"
    assert f"\nclass {wanted}:" in module.read_text("utf-8")


@pytest.mark.slow
def test_the_pool_does_the_work_of_a_killed_process_again_and_ends_where_an_item_kills_all(
    found, folder, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(folder / "made-pool")  # workers see the same path
    (tmp_path / "fatal-2").touch()
    with found.role("pool")["made-pool"].cls(workers=2).open() as workers:
        done = [(item, result[0]) for item, result in workers.map(noted, tmp_path, [1, 2, 2, 3])]
        assert sorted(done) == [(1, 1), (2, 2), (2, 2), (3, 3)]
        with pytest.raises(PoolError, match="worker processes died 3 times"):
            list(workers.map(fatal, 1, [1]))
        assert [result[0] for _, result in workers.map(noted, tmp_path, [4])] == [4]
    assert active_children() == []


LEAVE = """
import os
from threading import Timer
from made_pool import MadePool
from support.pool_work import reporting_forever

def leave():
    os.kill(os.getpid(), {signal})

if __name__ == "__main__":
    with MadePool(workers=1).open() as workers:
        Timer(3.0, leave).start()
        list(workers.map(reporting_forever, None, [1]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sessions are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_process_of_the_pool_outlives_the_one_that_opened_it(number, folder, tmp_path):
    (tmp_path / "leave.py").write_text(LEAVE.format(signal=int(number)))
    path = os.pathsep.join([str(folder / "made-pool"), *filter(None, sys.path)])
    process = subprocess.Popen(
        [sys.executable, "leave.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    assert process.wait() != 0
    for _ in range(200):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.killpg(process.pid, 9)
    pytest.fail("a worker is left")
