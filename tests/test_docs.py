"""What the documentation says is so: its specs are valid, its links resolve, its reference is that of the code."""

import ast
import re
import runpy
import subprocess
import sys
import tomllib
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
import typer
from globscope_flow import Flow
from globscope_ray import Ray
from globscope_ttk import Ttk
from jsonschema import Draft202012Validator
from support.documents import FENCE, blocks, commands_of, mentioned_commands, module, named_files
from support.optional import import_or_skip
from support.paths import ROOT
from support.study import values

from globscope import load
from globscope.cli.app import app
from globscope.registry import HOOKS, Component, Registry, installed_registry
from globscope.scaffold.package_files import package_files
from globscope.scaffold.package_name import PackageName
from globscope.spec.cells import read_sweep
from globscope.spec.read import build, read_spec
from globscope.spec.schema import schema

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BELOW_THE_INDEX = [page for page in PAGES if page.parent.parent == ROOT / "docs"]
STARTER = tomllib.loads((ROOT / "globscope/spec/starter.toml").read_text("utf-8"))
OWN = ROOT / "docs/how-to/own-model-and-data.md"
SEVERAL = ROOT / "docs/how-to/several-losses.md"
TUTORIAL = ROOT / "docs/tutorial/first-plugin.md"


def specs(kind):
    return [
        pytest.param(text, id=f"{page.relative_to(ROOT)}-{at}")
        for page in PAGES
        for at, text in enumerate(blocks(page, kind))
    ]


def generated():
    return module(ROOT / "docs/generate.py").pages() | module(ROOT / "docs/python_reference.py").pages()


def new_module(role):
    """Return the text of the module that `globscope plugin new my-<role>` writes."""
    return package_files(PackageName(distribution=f"my-{role}"), role)[f"my_{role}.py"]


def imported(text, name):
    """Return a class of a module that a page shows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "shown.py"
        path.write_text(text, "utf-8")
        return getattr(module(path), name)


@cache
def top_variance():
    """Return the component at the end of the tutorial."""
    [(_, text)] = named_files(TUTORIAL)
    return imported(text, "TopVariance")


@cache
def new_components():
    """Return the components of the pages on roles: role, name and class."""
    return [(role, f"my-{role}", imported(new_module(role), f"My{role.capitalize()}")) for role in HOOKS]


def with_plugin():
    """Return the registry of someone who has followed all pages on plugins."""
    own = [
        Component(role=role, name=name, cls=cls, distribution=name, version="0.1.0")
        for role, name, cls in (("reducer", "top-variance", top_variance()), *new_components())
    ]
    ttk = Component(role="topology", name="ttk", cls=Ttk, distribution="globscope-ttk", version="0.1.0")
    flow = Component(role="reducer", name="flow", cls=Flow, distribution="globscope-flow", version="0.1.0")
    ray = Component(role="pool", name="ray", cls=Ray, distribution="globscope-ray", version="0.1.0")
    return Registry(components=(*installed_registry().components, *own, flow, ttk, ray))


@cache
def schema_validator():
    """Return what an editor would check specs by in that environment."""
    return Draft202012Validator(schema(with_plugin()))


@pytest.fixture
def folder(tmp_path):
    """A folder with the files that the specs of the documentation name."""
    for name, code in [file for page in (OWN, SEVERAL) for file in named_files(page)]:
        (tmp_path / name).write_text(code, "utf-8")
    for name in ("base", "tokeniser", "fine-tunes/A/checkpoint-60"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("words.txt", "reviews.csv", "reviews-test.csv", "masked.npz"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("text", specs("toml"))
def test_every_spec_in_the_documentation_is_valid(text, folder):
    (folder / "study.toml").write_text(text, "utf-8")
    load(folder / "study.toml")
    assert not list(schema_validator().iter_errors(tomllib.loads(text)))


@pytest.mark.parametrize("text", specs("toml fragment"))
def test_every_fragment_of_a_spec_is_valid_in_the_starter_spec(text, folder, home):
    if '"timm:' in text:
        import_or_skip("timm")
    (folder / "results").mkdir()
    (folder / "results/final_model.pth").touch()
    (folder / "runs/learned/aligners").mkdir(parents=True)
    (folder / "runs/learned/aligners/deep-align.safetensors").touch()
    document, path = STARTER | tomllib.loads(text), folder / "study.toml"
    (read_sweep if "sweep" in document else build)(document, path, with_plugin())
    assert not list(schema_validator().iter_errors(document))


def test_no_toml_block_escapes_these_tests():
    kinds = {m["kind"].strip() for page in PAGES for m in FENCE.finditer(page.read_text("utf-8"))}
    assert kinds <= {"toml", "toml fragment", "python", "sh", "text"}


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.toml")), ids=lambda path: path.stem)
def test_every_spec_of_the_repository_is_valid(path, home):
    assert load(path).spec.source == path


def test_the_generated_reference_is_that_of_the_code():
    pages = generated()
    assert pages
    for name, text in pages.items():
        assert (ROOT / "docs" / name).read_text("utf-8") == text, f"docs/{name} is out of date: run `make docs`"


def test_every_hook_is_in_the_reference_with_its_signature():
    page = (ROOT / "docs/reference/hooks.md").read_text("utf-8")
    assert [hook for hook in HOOKS.values() if f"def {hook}() -> dict[str, type]: ..." not in page] == []


def test_every_component_is_in_the_reference():
    page = (ROOT / "docs/reference/components.md").read_text("utf-8")
    own = [c for c in installed_registry().components if c.distribution == "globscope"]
    assert own
    assert [c.name for c in own if f"### {c.role} `{c.name}`" not in page] == []


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    prose = FENCE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_internal_link_leads_somewhere(page):
    prose = FENCE.sub("", page.read_text("utf-8"))
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if "://" in link:
            continue
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_index():
    index = (ROOT / "docs/index.md").read_text("utf-8")
    pages = [str(p.relative_to(ROOT / "docs")) for p in PAGES if (ROOT / "docs") in p.parents]
    listed = [p for p in pages if p != "index.md" and not p.startswith("results/")]
    assert [page for page in listed if f"]({page})" not in index] == []


def test_every_page_states_at_its_top_whom_it_is_for():
    openings = {
        page: re.split(r"^# .*$", page.read_text("utf-8"), maxsplit=1, flags=re.M)[1] for page in BELOW_THE_INDEX
    }
    assert [page.name for page, text in openings.items() if not text.strip().startswith("This page is for ")] == []


def test_every_file_of_the_repository_that_a_page_names_is_there():
    named = re.compile(r"(?<![\w/.])(?:benchmarks|docs|globscope|plugins|specs|tests)/[\w/.-]+\.(?:md|py|toml)\b")
    recorded = re.compile(r"^```text.*?^```$", re.MULTILINE | re.DOTALL)
    pages = [ROOT / "CONTRIBUTING.md", *BELOW_THE_INDEX]
    found = {file for page in pages for file in named.findall(recorded.sub("", page.read_text("utf-8")))}
    assert len(found) > 10
    assert [file for file in sorted(found) if not (ROOT / file).is_file()] == []


def commands(group, words=("globscope",)):
    """Yield the name and the long options of every command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            options = {long for option in command.params for long in option.opts if long.startswith("--")}
            yield " ".join((*words, name)), options


def test_every_command_is_in_the_reference_with_its_options():
    page = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    rows = [row.split(" | ") for row in page.splitlines() if row.startswith("| `-")]
    missing = []
    for name, options in commands(typer.main.get_command(app)):
        listed = " ".join(row[0] for row in rows if f"`{name.removeprefix('globscope ')}`" in row[1])
        missing += [f"{name} {option}" for option in sorted(options) if f"`{option}" not in listed]
        missing += [] if f"| `{name} " in page or f"| `{name}` " in page else [name]
    assert missing == []


def test_the_readmes_two_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    commands = [word for text in blocks(ROOT / "README.md", "sh") for word in re.findall(r"^make (\S+)", text, re.M)]
    assert commands == ["study", "test"]
    assert set(commands) <= set(targets)


def test_the_readmes_python_names_a_spec_that_is_there():
    code = blocks(ROOT / "README.md", "python")[1]
    [path] = re.findall(r'load\("([^"]+)"\)', code)
    assert (ROOT / path).is_file()


MY_PROJECT = """
import numpy as np
from torch import nn

x_train = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
y_train = (x_train.prod(axis=1) > 0).astype(np.int64)
x_test, y_test = x_train[:50], y_train[:50]


def build():
    return nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
"""


@pytest.mark.slow
def test_own_networks_are_mapped_as_the_readme_says(tmp_path):
    (tmp_path / "my_project.py").write_text(MY_PROJECT, "utf-8")
    (tmp_path / "mine.py").write_text(blocks(ROOT / "README.md", "python")[0], "utf-8")
    build = module(tmp_path / "my_project.py").build
    for variant in "ABC":
        for step in range(2):
            file = tmp_path / f"runs/{variant}/epoch{step}.pt"
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.save(build().state_dict(), file)
    done = subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Verdict: ")
    assert [line[:9] for line in done.stdout.splitlines() if line.startswith("  B and ")] == ["  B and C"]
    assert (tmp_path / "runs/study/report.html").is_file()


def functions(text):
    """Return every function of a module, however it is indented and its lines are broken."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    for node in found:
        if docstring := ast.get_docstring(node):
            node.body[0] = ast.Expr(ast.Constant(docstring))
    return {ast.dump(node) for node in found}


@pytest.mark.parametrize("role", HOOKS)
def test_the_page_of_a_role_shows_the_code_and_the_table_of_its_new_package(role):
    page = ROOT / f"docs/how-to/plugins/{role}.md"
    files = package_files(PackageName(distribution=f"my-{role}"), role)
    shown, written = blocks(page, "python"), functions(new_module(role))
    assert shown
    assert [text for text in shown if not functions(text) <= written] == []
    assert all(text in files["study.toml"] for text in blocks(page, "toml fragment"))
    assert blocks(page, "sh") == [f"globscope plugin new my-{role} --role {role}\n"]


def test_your_own_model_and_data_take_at_most_twenty_lines(folder):
    assert len((folder / "my_nets.py").read_text("utf-8").splitlines()) <= 20


def test_your_own_model_and_data_run_as_the_how_to_says(folder):
    [text] = blocks(OWN, "toml")
    (folder / "own.toml").write_text(text, "utf-8")
    small = ["population.train.epochs=3", "sampler.0.resolution=5", "reducer.0.steps=20"]
    result = load(folder / "own.toml", small, folder / "run").run()
    assert result.report.is_file()
    assert result.record["population"]["variants"] == 3
    assert result.record["population"]["parameters"] == (2 * 16 + 16) + (16 * 2 + 2)
    assert result.record["reducers"][0]["samples"] == 25


LOSSES = {
    "vae.toml": {"reconstruction", "kl"},
    "agent.toml": {"policy", "value", "entropy"},
    "gan.toml": {"fool", "tell_apart"},
}


@pytest.mark.parametrize("name", LOSSES)
def test_models_with_several_losses_run_as_the_how_to_says(name, folder):
    [text] = [text for file, text in named_files(SEVERAL, "toml") if file == name]
    (folder / name).write_text(text, "utf-8")
    small = ["population.train.epochs=2", "population.train.save_every=1", "sampler.0.resolution=3"]
    small += ["reducer.0.steps=20"] * ("autoencoder" in text)
    fields = values(load(folder / name, small, folder / "run")).atlas.maps[0].landscape.fields
    assert {f"{split}_{loss}" for split in ("train", "test") for loss in {"loss", *LOSSES[name]}} <= {*fields}
    assert all(np.isfinite(fields[f"test_{loss}"]).all() for loss in LOSSES[name])


def gallery():
    listed = tomllib.loads((ROOT / "docs/gallery.toml").read_text("utf-8"))
    return [entry for section in listed["section"] for entry in section["entry"]], listed["variants"]


MADE = runpy.run_path(str(ROOT / "docs/pictures.py"))


def test_every_picture_of_the_docs_is_in_the_gallery_and_can_be_made_again():
    pictures = MADE["PICTURES"]
    assert sorted(entry["picture"] for entry in gallery()[0]) == sorted(pictures)
    assert {path.stem for path in (ROOT / "docs/images").iterdir()} == set(pictures)
    assert {picture.run for picture in pictures.values()} == set(MADE["RUNS"])


def test_every_spec_is_in_the_gallery_with_a_picture_or_as_a_variant():
    entries, variants = gallery()
    pictured = {MADE["RUNS"][MADE["PICTURES"][entry["picture"]].run].spec for entry in entries}
    assert pictured.isdisjoint(variants)
    assert sorted(pictured | set(variants)) == sorted(path.stem for path in (ROOT / "specs").glob("*.toml"))


DOCUMENTED = {page: found for page in PAGES if (found := commands_of(page))}
COMMAND = typer.main.get_command(app)


def accept(words):
    """Have the command line read a command without running it."""
    context = COMMAND.make_context("globscope", words)
    while hasattr(context.command, "resolve_command"):
        name, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("page", DOCUMENTED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_the_documentation_is_one_that_the_command_line_accepts(page):
    for words in DOCUMENTED[page]:
        switched = [at for at, word in enumerate(words) if word == "--disable"]  # what it names need not be installed
        accept([word for at, word in enumerate(words) if at and not {at, at - 1} & {*switched}])


def test_every_command_that_prose_mentions_exists_with_its_options():
    known, wrong = dict(commands(COMMAND)), []
    of_all = {"--help", *(option for parameter in COMMAND.params for option in parameter.opts)}
    mentioned = [(page, words) for page in PAGES if page.name != "CHANGELOG.md" for words in mentioned_commands(page)]
    for page, words in mentioned:
        named = [" ".join(words[:length]) for length in (3, 2) if " ".join(words[:length]) in known]
        accepted = of_all | (known[named[0]] if named else set())
        without_name = words[1].startswith("-") or words[1].isupper()
        if not (named or without_name) or {word for word in words if word.startswith("--")} - accepted:
            wrong.append(f"{page.name}: {' '.join(words)}")
    assert len(mentioned) > 50
    assert wrong == []


SETTINGS = {
    (words[2], *(setting for option, setting in pairwise(words) if option == "--set"))
    for found in DOCUMENTED.values()
    for words in found
    if words[1:2] == ["study"] and words[2].startswith("specs/") and "--set" in words
}


@pytest.mark.parametrize("settings", sorted(SETTINGS), ids=" ".join)
def test_every_setting_of_a_documented_command_is_a_key_of_its_spec(settings, home):
    read_spec(ROOT / settings[0], list(settings[1:]), with_plugin())
