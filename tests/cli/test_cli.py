"""The command line as a user meets it: exit codes, plain output, whole tables, strict JSON."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import assert_refused, run
from support.distributions import write_distribution
from support.messages import SETS, SPECS
from support.study import TINY
from typer.main import get_command

import globscope
from globscope.cli.app import app
from globscope.cli.help import GROUPS
from globscope.registry import installed_registry
from globscope.spec.schema import schema
from globscope.store import claim, write_bytes

pytestmark = pytest.mark.usefixtures("blank_pictures")

NAME = "[bold]:smile: Größe <script>"
STUDY = TINY.replace('title = "tiny"', 'title = "tiny [red] :x:"') + f'[[reducer]]\nuse = "mds"\nname = "{NAME}"\n'
COMMAND = [str(Path(sys.executable).with_name("globscope"))]
HEAVY = {
    "torch",
    "numpy",
    "umap",
    "matplotlib",
    "sklearn",
    "scipy",
    "gudhi",
    "rich",
    "attr",
    "cattrs",
    "pluggy",
    "jinja2",
    "pooch",
    "requests",
}


def shell(*arguments, cwd=None, **environment):
    """Run the installed command in a process of its own, as a user's shell would, with its output in a pipe."""
    environment = os.environ | {"COLUMNS": "80"} | environment
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a finished run of a tiny study, and what the command printed."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.toml").write_text(STUDY, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = run("study", "tiny.toml")
    assert result.exit_code == 0, result.output
    return folder, result


# Before anything runs.


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom globscope.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        f"sys.exit(sorted({HEAVY} & set(sys.modules)) or None)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert "Print a finished run's tables again." in found.stdout


@pytest.mark.parametrize(
    "command", ["study", "work", "gather", "check", "init", "schema", "plugins", "data", "project", "show"]
)
def test_every_command_has_help_of_whole_sentences(command):
    listed = next(line for line in run("--help").stdout.splitlines() if line.strip().startswith(command))
    assert listed.endswith(".")
    assert "..." not in listed
    result = run(command, "-h")
    assert result.exit_code == 0
    assert listed.split(maxsplit=1)[1] in result.stdout


def test_version():
    assert run("--version").stdout == f"globscope {globscope.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["no-such-command"], ["study"], ["check", "a", "b"], ["show", "--no-such-option"]]
)
def test_wrong_usage_ends_with_2(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("case", SPECS)
def test_a_bad_spec_ends_with_2_and_words(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = SPECS[case][0]
    Path("study.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert_refused(run("check", "study.toml"))
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


@pytest.mark.parametrize("case", SETS)
@pytest.mark.parametrize("command", ["check", "study"])
def test_a_bad_override_ends_with_2_and_words(case, command, spec_file):
    texts = [part for text in SETS[case][0] for part in ("--set", text)]
    assert_refused(run(command, spec_file(), *texts))


def test_every_problem_is_a_line_of_its_own(spec_file):
    path = spec_file("sede = 1\n" + TINY.replace('"pca"', '"pcaa"'))
    assert_refused(
        run("check", path),
        f"{path}: sede: there is no such key; did you mean 'seed'?",
        f"{path}: reducer.0.use: there is no reducer 'pcaa'; did you mean 'pca'?",
    )


def test_a_missing_spec_is_reported(tmp_path):
    assert_refused(
        run("study", tmp_path / "no.toml"), f"{tmp_path}/no.toml: no such file; `globscope init` writes a starter spec"
    )


def test_a_file_where_the_run_folder_should_be_is_reported(spec_file, tmp_path):
    (tmp_path / "taken").touch()
    assert_refused(run("study", spec_file(), "--out", tmp_path / "taken"))
    assert_refused(run("study", spec_file(), "--out", tmp_path / "taken" / "below"))


def test_check_prints_the_plan_and_leaves_no_file(spec_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = spec_file(STUDY)
    result = run("check", path, "--set", "sampler.0.resolution=[4, 5]")
    assert result.exit_code == 0, result.output
    rows = dict(re.split(r" {2,}", line, maxsplit=1) for line in result.stdout.splitlines() if "  " in line.strip())
    assert rows["members"].strip() == "9 of 3 training runs"
    assert rows["parameters"].strip() == "610"
    assert "pca: fit, decode grid, evaluate, merge tree" in result.stdout
    assert f"{NAME}: fit; no landscape, it has no inverse" in result.stdout
    # Members as they are, members as pca decodes them, and its grid of 4 × 5: nothing of the map without inverse.
    assert rows["loss evaluations"].strip() == str(9 + 9 + 20)
    assert list(tmp_path.iterdir()) == [path]


# init, schema, plugins.


def test_init_writes_a_spec_that_can_be_run_and_never_overwrites(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("init").stdout == "study.toml written; next: globscope study study.toml\n"
    assert run("check", "study.toml", "--set", "task.hidden=[8]").exit_code == 0
    Path("study.toml").write_text("mine")
    assert_refused(run("init"), "study.toml: exists already; give another name, such as globscope init other.toml")
    assert Path("study.toml").read_text() == "mine"
    assert run("init", "other.toml").exit_code == 0
    assert_refused(run("init", "none/study.toml"), "none/study.toml: there is no folder none")


def test_schema_prints_the_schema_alone():
    result = run("schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == schema(installed_registry())


def test_plugins_lists_every_component_on_a_line_of_its_own_below_its_role():
    result = shell("plugins")
    assert (result.returncode, result.stderr) == (0, "")
    found, role = [], ""
    for line in result.stdout.splitlines():
        role = role if line.startswith(" ") else line
        if line.startswith(" "):
            found.append([role, *re.split(r" {2,}", line.strip())])
    assert found == [[c.role, c.name, c.summary] for c in installed_registry().components]


def _commands(group, path=()):
    """Yield every command of a group with the words that call it, those of its groups too."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))


COMMANDS = dict(_commands(get_command(app)))
LEAVES = [words for words, command in COMMANDS.items() if not hasattr(command, "commands")]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_fits_80_columns_and_cuts_no_line(words):
    result = shell(*words, "--help", COLUMNS="80", LINES="24")
    assert result.returncode == 0
    assert [line for line in result.stdout.splitlines() if line.endswith("...") and "Usage" not in line] == []
    assert [line for line in result.stdout.splitlines() if len(line) > 80 and "globscope" not in line] == []


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_has_an_example_and_its_group_has_a_name(words):
    command = COMMANDS[words]
    assert f"  globscope {' '.join(words)}" in command.epilog
    assert len(words) > 1 or command.rich_help_panel in GROUPS


def test_the_help_of_all_commands_is_in_groups_with_whole_sentences():
    text = " ".join(shell("--help", COLUMNS="80").stdout.split())
    for group in GROUPS:
        assert f" {group}: " in text
    for words, command in COMMANDS.items():
        if len(words) == 1:
            assert " ".join(command.get_short_help_str(500).split()) in text


def test_plugins_shows_an_options_type_default_and_meaning():
    result = shell("plugins", "gudhi")
    assert result.returncode == 0
    lines = [re.split(r" {2,}", line.rstrip()) for line in result.stdout.splitlines()]
    assert lines[0][0].startswith("topology gudhi (globscope ")
    assert ["option", "type", "default", "meaning"] in lines
    assert ["mask", "true or false", "false", "Whether samples outside the trusted region are left out."] in lines
    assert ["Keys of every topology"] in lines


@pytest.mark.parametrize("component", sorted({c.name for c in installed_registry().components}))
def test_plugins_shows_every_component(component):
    assert run("plugins", component).exit_code == 0


def test_plugins_of_an_unknown_name_ends_with_2():
    assert_refused(run("plugins", "pcaa"), "no component named 'pcaa'; did you mean 'pca'?")


def test_plugins_shows_what_could_not_be_loaded(tmp_path):
    write_distribution(tmp_path, "broken", "import no_such_thing\n", module="broken_plugin")
    result = shell("plugins", PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1] == (
        "problem: broken (entry point maps = broken_plugin) cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_thing' (broken_plugin.py, line 1); "
        "fix it, or switch it off: --disable broken or [plugins] disable"
    )
    assert "autoencoder" in result.stdout


# study and show.


def test_study_tells_its_stages_and_ends_with_the_report(finished):
    folder, result = finished
    report = result.stdout.splitlines()[-1]
    assert (folder / report).is_file()
    assert report == str(Path("runs/tiny/report.html"))
    assert "train A" in result.stderr.splitlines()
    assert f"fit {NAME}" in result.stderr.splitlines()
    assert result.stderr.splitlines().count("decode pca") == 1  # the sampler's last, empty round is no news
    assert result.stderr.splitlines()[-1] == "report"


def test_output_that_is_no_terminal_is_plain_and_whole(finished):
    folder, result = finished
    again = shell("show", "runs/tiny", cwd=folder)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == result.stdout
    assert "\x1b" not in result.output
    assert "…" not in result.output
    table = [line for line in again.stdout.splitlines() if line.startswith(("map ", "pca ", NAME + " "))]
    assert [len(re.split(r" {2,}", line.strip())) for line in table] == [19, 19, 19]


def test_study_and_show_print_what_every_stage_cost(finished):
    lines = finished[1].stdout.splitlines()
    at = lines.index("Costs")
    assert re.split(r" {2,}", lines[at + 1]) == ["stage", "time", "processor time", "peak memory", "peak device memory"]
    trained = re.split(r" {2,}", next(line for line in lines[at:] if line.startswith("train A ")).strip())
    assert re.fullmatch(r"[\d.]+ s", trained[2])
    assert re.fullmatch(r"(≤ )?[\d.]+ [GM]iB", trained[3])
    assert trained[4] == "–"
    assert any(line.startswith("all stages ") for line in lines[at:])


def test_names_with_brackets_are_printed_as_they_are(finished):
    lines = finished[1].stdout.splitlines()
    assert "tiny [red] :x:" in lines
    assert any(line.startswith(f"{NAME}: no landscape: ") for line in lines)


def test_a_narrow_terminal_gets_a_table_that_stands(finished):
    main, worker = pty.openpty()
    command = subprocess.Popen(
        [*COMMAND, "show", "runs/tiny"],
        stdout=worker,
        cwd=finished[0],
        env=os.environ | {"COLUMNS": "80", "TERM": "xterm"},
    )
    os.close(worker)
    read = b""
    while chunk := _chunk(main):
        read += chunk
    assert command.wait() == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", read.decode()).splitlines()
    assert all(len(line) <= 80 for line in lines)
    [row] = [line for line in lines if "MSE per weight" in line]
    assert row.count("│") == 4  # the heading and one column for each of the two reducers


def _chunk(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that the other side is closed
        return b""


def test_study_and_show_say_that_basins_are_a_maps_and_heights_upper_bounds(finished):
    folder, result = finished
    for output in (result.output, run("show", folder / "runs" / "tiny").output):
        assert "on their map, at its persistence threshold" in output
        assert "an upper bound of the pass between two networks" in output


def test_show_as_json_is_one_strict_object_with_the_promised_keys(finished):
    result = shell("show", "--json", "runs/tiny", cwd=finished[0])
    found = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert found == json.loads((finished[0] / "runs/tiny/results.json").read_text("utf-8"))
    assert {"members", "variants", "parameters", "variance_per_weight", "test_accuracy_min"} <= set(found["population"])
    assert found["population"]["variants"] == 3
    wanted = {"name", "mse_per_weight", "unexplained_variance", "loss_gap_median", "loss_gap_max", "leaves"}
    wanted |= {"leaves_trusted", "basins_of_variants", "nonfinite", "fit_seconds", "decode_seconds", "evaluate_seconds"}
    assert all(wanted <= set(one) for one in found["reducers"])
    pca, mds = found["reducers"]
    assert (pca["name"], mds["name"]) == ("pca", NAME)
    assert pca["mse_per_weight"] > 0
    assert mds["mse_per_weight"] is None


def test_quiet_prints_the_path_of_the_report_alone_and_computes_nothing_again(finished, monkeypatch):
    monkeypatch.chdir(finished[0])
    before = {path: path.stat().st_mtime_ns for path in Path("runs/tiny/stages").rglob("*")}
    result = run("study", "tiny.toml", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "runs/tiny/report.html\n", "")
    assert {path: path.stat().st_mtime_ns for path in Path("runs/tiny/stages").rglob("*")} == before


def test_show_of_what_is_no_run_is_reported(finished, tmp_path):
    runs = finished[0] / "runs"
    assert_refused(run("show", runs / "tinny"), f"{runs}/tinny: there is no run here; did you mean 'tiny'?")
    assert_refused(run("show", tmp_path / "x"), f"{tmp_path}/x: there is no run here; `globscope study SPEC` makes one")
    (tmp_path / "half/stages").mkdir(parents=True)
    assert_refused(
        run("show", tmp_path / "half"),
        f"{tmp_path}/half: this run is not finished; the same `globscope study` command continues it",
    )
    for content in (b"", b'{"population": ', b"[]", b"{}", b"[" * 100_000):
        claim(tmp_path / "damaged", "study")
        write_bytes(tmp_path / "damaged/results.json", b"{}\n")
        (tmp_path / "damaged/results.json").write_bytes(content)
        assert_refused(
            run("show", tmp_path / "damaged"),
            f"{tmp_path}/damaged/results.json: is not as GlobScope wrote it, but damaged or edited; the same "
            "`globscope study` command writes it again, from the stages that are stored",
        )
    (tmp_path / "damaged/files.jsonl").unlink()
    assert_refused(
        run("show", tmp_path / "damaged"),
        f"{tmp_path}/damaged: its files.jsonl, the list of what GlobScope wrote there, is missing or damaged; the same "
        "`globscope study` command with --out, for another folder, writes the run again",
    )


def test_letters_that_the_readers_encoding_lacks_do_not_stop_a_command(finished):
    result = shell("show", "runs/tiny", cwd=finished[0], PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "Gr??e" in result.stdout


def test_a_reader_that_has_seen_enough_is_no_error():
    reading, writing = os.pipe()
    command = subprocess.Popen([*COMMAND, "plugins"], stdout=writing, stderr=subprocess.PIPE)
    os.close(reading)
    os.close(writing)
    assert command.communicate()[1] == b""


def test_ctrl_c_says_that_the_run_can_be_continued(tmp_path):
    long = TINY.replace("epochs = 2", "epochs = 100000").replace("save_every = 1", "save_every = 1000")
    (tmp_path / "long.toml").write_text(long)
    # A shell that starts tests in the background lets them ignore Ctrl-C, and what they start inherits that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    study = [sys.executable, "-c", f"{heard}; from globscope.cli import app; app()", "study", "long.toml", "--yes"]
    with subprocess.Popen(study, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as command:
        said = [command.stderr.readline() for _ in range(2)]
        command.send_signal(signal.SIGINT)
        try:
            message = command.communicate(timeout=60)[1]
        finally:
            command.kill()
    assert said == ["run folder: runs/long (new)\n", "train A\n"]
    assert message == "stopped; what is finished is kept, and the same command continues\n"
    assert command.returncode == 130


# Code that a spec names.

TRUST = {
    "study": "imported and run",
    "check": "imported",
    "project": "imported and run",
    "show": "No code that a spec names is imported",
    "export": "No code that a spec names is imported",
    "compare": "No code that a spec names is imported",
    "topology": "no code of its origin is run",
}


@pytest.mark.parametrize("command", TRUST)
def test_help_says_whether_code_that_a_spec_names_is_run(command):
    assert TRUST[command] in " ".join(run(command, "--help").stdout.split())
    assert "imported and run" in " ".join(run("align", "train", "--help").stdout.split())


def test_a_strangers_run_is_shown_exported_and_compared_without_its_code(finished, tmp_path, monkeypatch):
    folder = shutil.copytree(finished[0], tmp_path / "copy")
    monkeypatch.chdir(folder)
    (folder / "nets.py").write_text("open('was-run', 'w').close()\ndef net():\n    raise SystemExit(0)\n")
    spec = folder / "runs/tiny/spec.toml"
    changed = spec.read_text().replace('model = "mlp"', f'model = "{folder / "nets.py"}:net"')
    spec.write_text(changed)
    shutil.copytree(folder / "runs/tiny", folder / "runs/other")
    landscape = next((folder / "runs/tiny/landscapes").glob("*.npz"))
    for arguments in (
        ["show", "runs/tiny"],
        ["export", "runs/tiny"],
        ["compare", "runs/tiny", "runs/other", "--out", "side-by-side"],
        ["topology", str(landscape)],
    ):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        assert not (folder / "was-run").exists(), arguments
    result = run("check", str(spec))
    assert result.exit_code == 2
    assert (folder / "was-run").exists()


def test_wrong_usage_shows_what_was_typed_without_letters_that_turn_the_line():
    done = subprocess.run([*COMMAND, "show", "a", "b\u202ec\u200b"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "b\\U0000202ec\\U0000200b" in done.stderr
    assert all(line.isprintable() for line in done.stderr.splitlines())


def test_a_key_that_a_component_refuses_is_reported_with_its_file(tmp_path, monkeypatch):
    (tmp_path / "tiny.toml").write_text(STUDY, "utf-8")
    monkeypatch.chdir(tmp_path)
    done = run("check", "tiny.toml", "--set", "task.split_seed=99999999999")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: tiny.toml: task.split_seed: must be < 2**32")
