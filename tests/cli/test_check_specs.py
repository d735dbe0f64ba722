"""`globscope check` answers for every spec of the repository, or names the data that is missing."""

import tomllib
from pathlib import Path
from time import process_time

import pytest
from support.commands import assert_refused, run
from support.paths import ROOT

from globscope.builtin.tasks.data.by_name import remedy

SPECS = sorted((ROOT / "specs").glob("*.toml"))
# Of processor time, beside the imports.
LIMIT = 20.0


def data_path(spec):
    path = tomllib.loads(spec.read_text("utf-8"))["task"].get("path")
    return None if path is None else Path(path).expanduser()


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_a_plan_is_there_within_twenty_seconds_or_a_line_says_what_is_missing(spec, tmp_path):
    path, name = data_path(spec), tomllib.loads(spec.read_text("utf-8"))["task"].get("data")
    start = process_time()
    result = run("check", spec, "--out", tmp_path / "run")
    if path is not None and not path.exists():
        hint = f"there is no file or folder {path}; {remedy({'data': name})}"
        assert_refused(result, f"{spec}: task.path: {hint}")
        return
    assert result.exit_code == 0, result.output
    assert process_time() - start < LIMIT
    words = dict(line.split(None, 1) for line in result.stdout.splitlines() if line.startswith(("training", "maps")))
    assert set(words) == {"training", "maps"}
