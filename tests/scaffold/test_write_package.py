"""What `globscope plugin new` writes, what it refuses, and what it never touches."""

import os
import tomllib
from pathlib import Path
from unittest.mock import patch

import pytest
from support.commands import assert_refused, run

from globscope.registry import HOOKS
from globscope.scaffold import write_package

NAME = "cannot be the name of a package:"
BEGIN = "Python could not import it; it must begin with a letter, and be none of Python's keywords"
# The name: what the message says of it.
REFUSED = {
    "My_Reducer": f"'My_Reducer' {NAME} pip would call it 'my-reducer'; use that name",
    "my.reducer": f"'my.reducer' {NAME} pip would call it 'my-reducer'; use that name",
    "my--reducer": f"'my--reducer' {NAME} pip would call it 'my-reducer'; use that name",
    "-reducer-": f"'-reducer-' {NAME} ASCII letters, digits and hyphens make one, such as my-reducer",
    "": f"'' {NAME} ASCII letters, digits and hyphens make one, such as my-reducer",
    "../elsewhere": f"'../elsewhere' {NAME} ASCII letters, digits and hyphens make one, such as my-reducer",
    "größe": f"'größe' {NAME} ASCII letters, digits and hyphens make one, such as my-reducer",
    "3d": f"'3d' {NAME} {BEGIN}",
    "globscope-3d": f"'globscope-3d' {NAME} {BEGIN}",
    "lambda": f"'lambda' {NAME} {BEGIN}",
    "json": f"'json' {NAME} Python has a module 'json' already",
    "numpy": f"'numpy' {NAME} Python has a module 'numpy' already",
    "scikit-learn": f"'scikit-learn' {NAME} a package of this name is installed already",
    "globscope-ttk": f"'globscope-ttk' {NAME} Python has a module 'globscope_ttk' already",
    "ttk": f"'ttk' {NAME} the package globscope-ttk has a component of this name",
    "a" * 31: f"'{'a' * 31}' {NAME} it has more than 30 letters",
}


@pytest.fixture(autouse=True)
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def new(*arguments):
    return run("plugin", "new", *arguments)


def test_a_package_is_written_into_a_folder_of_its_name(tmp_path):
    done = new("my-reducer", "--role", "reducer")
    assert (done.exit_code, done.stdout) == (0, "my-reducer written; next: pip install ./my-reducer\n")
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    names = ("README.md", "my_reducer.py", "pyproject.toml", "study.toml", "tests/test_my_reducer.py")
    assert files == {f"my-reducer/{name}" for name in names}


def test_what_cannot_be_written_is_named_by_its_folder(monkeypatch):
    def mkdir(self, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    assert_refused(new("my-reducer", "--role", "reducer"), "my-reducer: Permission denied")


def test_the_command_to_install_it_can_be_copied():
    done = new("my-reducer", "--role", "reducer", "--out", "my folder")
    assert done.stdout == "my folder written; next: pip install './my folder'\n"


def test_the_prefix_of_packages_for_globscope_is_no_part_of_the_components_name(tmp_path):
    assert new("globscope-clouds", "--role", "sampler", "--out", tmp_path / "here").exit_code == 0
    project = tomllib.loads((tmp_path / "here/pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "globscope-clouds"
    assert project["entry-points"] == {"globscope": {"clouds": "globscope_clouds"}}
    assert 'return {"clouds": Clouds}' in (tmp_path / "here/globscope_clouds.py").read_text("utf-8")


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: name or "empty")
def test_a_name_that_would_make_trouble_is_refused(name, tmp_path):
    assert_refused(new("--role", "reducer", "--", name), REFUSED[name])
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_a_component_is_refused_with_its_package(registry):
    [known] = registry.by_name("umap")
    assert_refused(new("umap", "--role", "sampler"), f"'umap' {NAME} Python has a module 'umap' already")
    assert_refused(
        new("sobol", "--role", "reducer"), f"'sobol' {NAME} there is a {registry.by_name('sobol')[0].label} already"
    )
    assert known.distribution == "globscope"


def test_an_unknown_role_is_refused_with_the_near_one_or_all():
    assert_refused(new("mine", "--role", "reducers"), "--role: there is no role 'reducers'; did you mean 'reducer'?")
    known = ", ".join(sorted(HOOKS))
    assert_refused(new("mine", "--role", "xyz"), f"--role: there is no role 'xyz'; known: {known}")


def test_the_help_names_every_role_and_has_examples():
    text = " ".join(new("--help").stdout.split())
    assert [role for role in HOOKS if role not in text] == []
    assert "globscope plugin new my-reducer --role reducer" in text


def test_nothing_that_exists_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "notes.txt").write_text("kept")
    (tmp_path / "leads-nowhere").symlink_to(tmp_path / "gone")
    for taken in ("mine", "notes.txt", "leads-nowhere"):
        done = new("mine", "--role", "pool", "--out", taken)
        assert_refused(done, f"{taken}: exists already; give a new folder: --out FOLDER")
    assert_refused(new("mine", "--role", "pool", "--out", "no/mine"), "no/mine: there is no folder no")
    assert (tmp_path / "notes.txt").read_text() == "kept"
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_folder_that_comes_into_being_meanwhile_is_kept(tmp_path):
    def beside(path):
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine/notes.txt").write_text("kept")
        return False

    with patch("pathlib.Path.is_symlink", beside), pytest.raises(OSError, match="not empty"):
        write_package("mine", "task")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "notes.txt"]


def test_a_package_is_there_whole_or_not_at_all(tmp_path):
    with patch("pathlib.Path.rename", side_effect=OSError("disk full")), pytest.raises(OSError, match="disk full"):
        write_package("mine", "task")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_its_files_have_the_modes_that_others_of_the_user_have(tmp_path):
    before = os.umask(0o022)
    try:
        folder = write_package("mine", "task")
    finally:
        os.umask(before)
    assert {oct(path.stat().st_mode & 0o777) for path in (folder, folder / "tests")} == {"0o755"}
    assert oct((folder / "mine.py").stat().st_mode & 0o777) == "0o644"
