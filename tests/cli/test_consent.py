"""Studies of very many networks are begun on purpose only."""

import re

import pytest
from support.study import ONE_RUN
from typer.testing import CliRunner

from globscope import load
from globscope.cli import app
from globscope.pipeline.meter import measure
from globscope.pipeline.plan.estimate import MANY

FOUR = ONE_RUN.format(use="random", options="latent_dim = 4", resolution=41)
# Two members, each scored itself and as the slice has it.
COUNT = 41**4 + 4


@pytest.fixture
def study(spec_file, tmp_path, monkeypatch):
    """Call the command on the spec of 41⁴ networks; the study itself only takes note of being run."""
    path, started = spec_file(FOUR, "four.toml"), []

    class Started(Exception):
        pass

    def started_instead(self, observer=None):
        started.append(self.evaluations())
        raise Started

    monkeypatch.setattr("globscope.session.Study.run", started_instead)

    def call(*more, typed=None, terminal=False):
        if terminal:
            monkeypatch.setattr("globscope.cli.consent.sys", type("Sys", (), {"stdin": Terminal()}))
        result = CliRunner().invoke(app, ["study", str(path), "--out", str(tmp_path / "run"), *more], input=typed)
        assert isinstance(result.exception, SystemExit | Started), result.exception
        return result, started

    return call


class Terminal:
    def isatty(self):
        return True


def test_forty_one_to_the_fourth_is_planned_and_counted(spec_file):
    planned = load(spec_file(FOUR, "four.toml"))
    assert planned.evaluations() == planned.estimate().evaluations == COUNT
    assert 41**3 < MANY < COUNT


def test_it_is_refused_where_nobody_can_be_asked(study, tmp_path):
    result, started = study()
    assert result.exit_code == 2
    assert not started
    assert re.fullmatch(
        r"error: this study scores up to 2,825,765 networks, more than 200,000, which needs your consent: "
        r"evaluation about [\d.]+ (s|min|hours|days), training about [\d.]+ s, memory about [\d,]+ MiB "
        r"beside the libraries; --yes starts it\n",
        result.stderr,
    )
    assert not (tmp_path / "run").exists()


def test_yes_starts_it_and_who_continues_is_not_asked_again(study):
    _, started = study("--yes")
    assert started == [COUNT]
    _, started = study()
    assert started == [COUNT, COUNT]
    result, started = study("--set", "sampler.0.resolution=43")
    assert (result.exit_code, len(started)) == (2, 2)  # more than was agreed to


def test_on_a_terminal_it_asks_with_the_plan(study):
    result, started = study(typed="n\n", terminal=True)
    assert (result.exit_code, started) == (2, [])
    assert "This study scores up to 2,825,765 networks. Start? [y/N]" in result.stdout
    assert "loss evaluations" in result.stdout
    assert "not started" in result.stderr
    _, started = study(typed="y\n", terminal=True)
    assert started == [COUNT]


def test_few_networks_and_wrong_specs_ask_nothing(study):
    _, started = study("--set", "sampler.0.resolution=21")  # 21⁴ is 194,481
    assert started == [21**4 + 4]
    result, started = study("--set", "sampler.0.resolution=[3, 3]")
    assert len(started) == 1 + (result.exit_code != 2)


@pytest.mark.slow
def test_fifteen_to_the_fourth_runs_in_bounded_memory(spec_file, tmp_path):
    with measure() as before:
        pass
    with measure() as running:  # the system's own peak begins anew with every stage
        result = load(spec_file(FOUR, "four.toml"), ["sampler.0.resolution=15"], tmp_path / "run").run()
    grown = (running.cost.peak_memory_bytes - before.cost.peak_memory_bytes) / 2**20
    drawn = result.map()
    assert drawn.landscape.samples.shape == (15,) * 4
    assert len(drawn.topology.tree.minima) >= 1
    assert (tmp_path / "run" / "figures" / "random-landscape.png").exists()
    # 50,625 networks of 666 weights would be 135 MB at once in float32 alone; libraries take some 300 MiB.
    assert grown < 900, f"{grown:.0f} MiB"
