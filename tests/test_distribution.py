"""What a stranger gets and needs to join in: versions that agree, files that GitHub and package indexes can read."""

import json
import re
import subprocess
import tarfile
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version
from support.documents import module
from support.paths import ROOT

import globscope

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# What users install; the other extras are tools.
USERS = ("export", "notebook", "transformers", "vision", "mergekit", "tables")
PYTHONS = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)]
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
KINDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def requirements(*extras):
    listed = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    return [one for one in map(Requirement, listed) if one.name != "globscope"]


def test_the_lowest_versions_are_those_of_the_project():
    lines = (ROOT / "constraints-min.txt").read_text("utf-8").splitlines()[1:]
    lowest = {name: Version(version) for name, version in (line.split("==") for line in lines)}
    declared = {
        one.name: [(part.operator, Version(part.version)) for part in one.specifier] for one in requirements(*USERS)
    }
    assert declared == {name: [(">=", version)] for name, version in lowest.items()}


@pytest.mark.parametrize(
    "path",
    [*sorted(ROOT.glob("plugins/*/pyproject.toml")), ROOT / "globscope/scaffold/templates/pyproject.toml.jinja"],
    ids=lambda path: path.parent.name,
)
def test_a_package_asks_for_no_lower_version_than_globscope_itself(path):
    [line] = re.findall(r"^dependencies = (\[.*\])$", path.read_text("utf-8"), re.MULTILINE)
    asked = {one.name: str(one.specifier) for one in map(Requirement, json.loads(line)) if one.name != "globscope"}
    own = {one.name: str(one.specifier) for one in requirements()}
    assert asked
    assert {name: specifier for name, specifier in asked.items() if own.get(name, specifier) != specifier} == {}


def test_every_dependency_is_judged():
    page = (ROOT / "docs/explanation/dependencies.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([\w-]+)`", page, re.MULTILINE))
    assert rows == {one.name for one in requirements(*EXTRAS)}


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["version"] == globscope.__version__
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## \[(.+)\] - (.+)$", log, re.MULTILINE).groups() == (
        globscope.__version__,
        str(citation["date-released"]),
    )
    assert (ROOT / f"docs/release-notes/{globscope.__version__}.md").is_file()


def test_the_pythons_that_are_declared_are_those_of_the_workflow():
    jobs = yaml.safe_load((GITHUB / "workflows/ci.yml").read_text("utf-8"))["jobs"]
    assert jobs["tests"]["strategy"]["matrix"]["python"] == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_there_are_forms_for_issues():
    assert len(FORMS) == 4


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_github_asks_of_it(form):
    content = yaml.safe_load(form.read_text("utf-8"))
    assert {"name", "description", "body"} <= set(content)
    assert {part["type"] for part in content["body"]} <= KINDS
    asked = [part for part in content["body"] if part["type"] != "markdown"]
    assert all(part["attributes"]["label"] for part in asked)
    assert len({part["id"] for part in asked}) == len(asked)
    json.dumps(content)  # "yes" and "no" are words


def test_the_readme_of_a_package_index_points_at_no_file():
    pytest.importorskip("hatchling")
    text = module(ROOT / "hatch_build.py").without_files((ROOT / "README.md").read_text("utf-8"))
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert [target for target in targets if not target.startswith("https://")] == []
    assert "![" not in text
    assert "## Start" in text


def test_links_of_the_web_stay_and_those_of_files_become_text():
    without_files = module(ROOT / "hatch_build.py").without_files
    text = "# A\n\n![drawn](docs/a.png)\n\n[page](docs/a.md) and [site](https://a.org)"
    assert without_files(text) == "# A\n\npage and [site](https://a.org)"


def test_the_sdist_holds_every_file_of_the_repository(tmp_path):
    sdist = pytest.importorskip("hatchling.builders.sdist")
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: nothing says which files are the repository's")
    git = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    own = {name for name in git.stdout.split("\0") if name and (ROOT / name).is_file()}
    [archive] = sdist.SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(archive) as file:
        held = {name.partition("/")[2] for name in file.getnames()}
    assert own - held == set()


@pytest.mark.parametrize("plugin", sorted((ROOT / "plugins").iterdir()), ids=lambda path: path.name)
def test_every_package_bears_the_licence(plugin):
    assert (plugin / "LICENSE").read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")
