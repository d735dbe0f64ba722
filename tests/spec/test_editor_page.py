"""What the page on editors says that Taplo and `globscope check` say, they say."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import run
from support.documents import blocks, named_files
from support.paths import ROOT

from globscope.spec.schema import schema

PAGE = ROOT / "docs/how-to/editor.md"
TAPLO = shutil.which("taplo", path=Path(sys.executable).parent) or shutil.which("taplo")
needs_taplo = pytest.mark.skipif(TAPLO is None, reason="taplo is not installed: it is in the extra `lint`")


@pytest.fixture
def project(tmp_path, registry):
    (tmp_path / "globscope.schema.json").write_text(json.dumps(schema(registry)), "utf-8")
    for name, text in named_files(PAGE, "text"):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def said(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def recorded(start):
    [text] = [text for text in blocks(PAGE, "text") if text.startswith(start)]
    return text


@needs_taplo
def test_taplo_says_of_the_typos_what_the_page_says(project):
    code, text = said([TAPLO, "lint", "--colors", "never", "study.toml"], project)
    errors = text[text.index("error:") : text.index("ERROR")]
    assert code == 1
    assert errors.replace(f"{project}/", "") == recorded('error: "40"')


@needs_taplo
def test_taplo_finds_the_schema_by_the_projects_file(project):
    (project / "specs").mkdir()
    spec = (project / "study.toml").read_text("utf-8").replace("#:schema", "# no schema:")
    (project / "specs/study.toml").write_text(spec, "utf-8")
    code, text = said([TAPLO, "lint", "--colors", "never", "specs/study.toml"], project)
    assert code == 1
    assert text.count("error: ") == 4


@needs_taplo
def test_taplo_accepts_the_starter_spec(project):
    spec = "#:schema ./globscope.schema.json\n" + (ROOT / "globscope/spec/starter.toml").read_text("utf-8")
    (project / "study.toml").write_text(spec, "utf-8")
    assert said([TAPLO, "lint", "study.toml"], project)[0] == 0


def test_check_says_of_the_typos_what_the_page_says(project, monkeypatch):
    monkeypatch.chdir(project)
    ended = run("check", "study.toml")
    assert (ended.exit_code, ended.stderr) == (2, recorded("error: study.toml"))
