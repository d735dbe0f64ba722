"""A sampler that builds on others: it is handed what those before it measured on the map, as part of its key."""

import numpy as np
import pytest
from attrs import define, field
from support.components import BUILT_IN
from support.searches import Flat
from support.study import TINY_TASK, Notes, blank_pictures, values

from globscope.api import Finding, PluginError, Samples
from globscope.pipeline.extent import Extent, Shard
from globscope.pipeline.stage_keys import Stage
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.testing import registry_of
from globscope.testing.tiny.task import TinyTask
from globscope.workers import ThisProcess

HERE = ThisProcess(threads=1)
TEXT = """
[[reducer]]
use = "flat"
sampler = [{order}]
[[sampler]]
use = "grid"
resolution = {side}
[[sampler]]
use = "lowest"
[[topology]]
use = "gudhi"
"""


@define(frozen=True, kw_only=True)
class Known:
    """The lowest sample of each earlier landscape, and the map's origin."""

    earlier: tuple = field(repr=False)

    def ask(self, chart, landscape, rng):
        """Return them in one round."""
        del rng
        lowest = [one.samples.points[one.fields["train_loss"].argmin()] for one in self.earlier]
        return None if landscape else Samples(points=np.array([*lowest, np.zeros(chart.dimension)]))

    def explain(self, chart, landscape):
        """Say how many there were."""
        del chart, landscape
        return Finding(warnings=(f"{len(self.earlier)} came before.",))


@define(frozen=True, kw_only=True)
class Lowest:
    """The sampler that builds on others."""

    def ask(self, chart, landscape, rng):
        """Return the origin."""
        return self.build_on(()).ask(chart, landscape, rng)

    def explain(self, chart, landscape):
        """Say that there were none."""
        return self.build_on(()).explain(chart, landscape)

    def build_on(self, earlier):
        """Return the sampler that knows them."""
        return Known(earlier=earlier)


@define(frozen=True, kw_only=True)
class Broken(Lowest):
    """A sampler that returns what is none."""

    def build_on(self, earlier):
        """Return a number."""
        return len(earlier)


def study_of(folder, order='"grid", "lowest"', side=5, lowest=Lowest):
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(TINY_TASK + TEXT.format(order=order, side=side), "utf-8")
    found = registry_of(BUILT_IN, tiny=TinyTask, flat=Flat, lowest=lowest)
    return Study(spec=read_spec(folder / "study.toml", (), found), folder=folder / "run", registry=found)


def map_of(study, notes=None):
    [map_] = values(study, notes, workers=HERE).atlas.maps
    return map_


def test_it_is_asked_and_explains_with_what_was_measured_before_it(tmp_path):
    map_ = map_of(study_of(tmp_path))
    grid = map_.landscapes["grid"]
    lowest = grid.samples.points[grid.fields["train_loss"].argmin()]
    np.testing.assert_array_equal(map_.landscapes["lowest"].samples.points, [lowest, 0 * lowest])
    assert map_.explanations["lowest"].warnings == ("1 came before.",)


def test_what_comes_after_it_is_unknown_to_it(tmp_path):
    map_ = map_of(study_of(tmp_path, order='"lowest", "grid"'))
    assert len(map_.landscapes["lowest"].samples.points) == 1
    assert map_.explanations["lowest"].warnings == ("0 came before.",)


def test_what_it_builds_on_is_in_its_key(tmp_path):
    map_of(study_of(tmp_path))
    same, other = Notes(), Notes()
    map_of(study_of(tmp_path), same)
    map_of(study_of(tmp_path, side=6), other)
    assert not same.ran
    assert other.ran.count("explain flat, lowest") == 1


def test_shards_ask_it_once_what_it_builds_on_is_measured(tmp_path):
    study = study_of(tmp_path)
    for _ in range(2):
        assert study.advance(study.workshop(workers=HERE), Extent(until=Stage.EVALUATE))
        for number in (1, 2):
            study.advance(study.workshop(workers=HERE), Extent(shard=Shard(number=number, count=2)))
    assert len(map_of(study).landscapes["lowest"].samples.points) == 2
    # What each is asked for at first, and that it is asked for nothing more.
    assert len(list(study.folder.glob("stages/sample/*"))) == 2 * 2


def test_what_is_no_sampler_is_refused(tmp_path):
    with blank_pictures(), pytest.raises(PluginError, match="build_on returned int, which has no method ask"):
        map_of(study_of(tmp_path, lowest=Broken))
