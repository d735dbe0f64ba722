"""The held-out block: what a map loses of networks that it was not fitted to."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from sklearn.manifold import trustworthiness as whole_trustworthiness
from support.maps import a_map
from support.study import study_in, values

from globscope.builtin.analyses.fidelity.held_out import COLUMNS
from globscope.builtin.analyses.fidelity.trustworthiness import trustworthiness
from globscope.builtin.analyses.reconstruction import reconstruction
from globscope.session import Study

SPEC = """
[task]
use = "classification"
hidden = [8]
[population.train]
epochs = 6
save_every = 1
{variants}
[[reducer]]
use = "{reducer}"
[[sampler]]
use = "grid"
resolution = 3
[fidelity]
held_out = true
"""
VARIANT = '[[population.variant]]\nname = "{name}"\nlearning_rate = 1e-2\n'


@pytest.fixture
def outcome(tmp_path):
    """A function that runs a study of named variants with the held-out block."""

    def found(names, reducer="pca", run=values):
        variants = "".join(VARIANT.format(name=name) for name in names)
        result = run(study_in(tmp_path, SPEC.format(variants=variants, reducer=reducer)))
        (table,) = result.findings["fidelity"].tables
        assert table.columns == COLUMNS
        return result, {row["left_out"]: row for row in table.rows}

    return found


def _on_unseen(result):
    """Return the warnings but for those of runs that a map does not show: on lattices so coarse it shows none."""
    return [text for text in result.findings["fidelity"].warnings if "not on this map" not in text]


@pytest.mark.parametrize("names", ["AB", "ABC"])
def test_every_third_intermediate_checkpoint_and_every_variant_is_left_out_once(names, outcome):
    _, rows = outcome(names)
    # Seven checkpoints: five lie between others, and of these every third, the second and fifth.
    assert rows["checkpoints"]["networks"] == 2 * len(names)
    assert rows["variants"]["networks"] == 7 * len(names)


def test_a_lone_variant_cannot_be_left_out_and_its_checkpoints_can(outcome):
    result, rows = outcome("A")
    assert (rows["variants"]["networks"], rows["variants"]["mse_per_weight"]) == (0, None)
    assert rows["checkpoints"]["mse_per_weight"] > 0
    assert not _on_unseen(result)


@pytest.mark.usefixtures("blank_pictures")
def test_a_variant_left_out_is_outside_the_others_span_and_the_report_says_so_in_words(outcome):
    result, rows = outcome("ABC", run=Study.run)
    lost = rows["variants"]["share_of_variance"]
    assert lost >= 0.5
    assert rows["variants"]["residual"] > 0.5
    assert _on_unseen(result) == [
        "pca: the map is not valid for networks it has not seen: for a variant left out of the fit, "
        f"decoding loses {lost:.0%} of the population's variance",
    ]
    assert "the map is not valid for networks it has not seen" in result.report.read_text("utf-8")


def test_a_checkpoint_between_two_others_is_compared_with_their_average(outcome):
    result, rows = outcome("AB")
    who = result.atlas.population
    errors = []
    for variant in "AB":
        weights = who.weights[who.of(variant)].astype(np.float64)
        errors += [((weights[k] - (weights[k - 1] + weights[k + 1]) / 2) ** 2).mean() for k in (2, 5)]
    assert rows["checkpoints"]["neighbours_mse"] == pytest.approx(np.mean(errors), rel=1e-9)


def test_a_map_that_loses_a_left_out_checkpoint_is_warned_of_too(outcome):
    # Kernel-PCA with its narrow kernel interpolates: between members it has nothing to say.
    result, rows = outcome("AB", 'kernel-pca"\ngamma = 300.0\n# "')
    assert rows["checkpoints"]["share_of_variance"] >= 0.5
    assert "for a checkpoint left out of the fit" in _on_unseen(result)[0]


def test_a_map_whose_axes_cannot_hold_the_networks_is_warned_of_with_what_to_do(tmp_path):
    variants = "".join(VARIANT.format(name=name) for name in "ABCDEFG").replace("1e-2", "1e-6")  # as initialised
    text = SPEC.format(variants=variants, reducer="pca").replace("epochs = 6", "epochs = 1")
    finding = values(study_in(tmp_path, text.replace("[fidelity]\nheld_out = true", ""))).findings["fidelity"]
    share = finding.records["pca"]["unexplained_variance"]
    assert 0.5 < share < 0.8
    (warning,) = [text for text in finding.warnings if "variance is unexplained" in text]
    assert warning.startswith(f"pca: {share:.0%} of the networks' variance is unexplained")
    assert "latent_dim" in warning


@settings(deadline=None, max_examples=30)
@given(st.integers(8, 60), st.integers(1, 3), st.integers(0, 2**16))
def test_trustworthiness_by_blocks_of_rows_is_scikit_learns(count, neighbours, seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("globscope.builtin.analyses.fidelity.trustworthiness.MEMORY", 8 * count * 3 / 2**20)
        found = trustworthiness(points, points[:, :2], neighbours)
    assert found == pytest.approx(whole_trustworthiness(points, points[:, :2], n_neighbors=neighbours), rel=1e-12)


def test_equal_networks_have_no_variance_and_so_no_share_of_it():
    map_ = a_map()
    chart = evolve(map_.chart, members=map_.population.members)
    rows = np.ones((len(chart.members), 2))
    equal = evolve(map_, chart=chart, coordinates=rows, reconstruction=rows + 0.5, outside=np.zeros(len(rows)))
    assert reconstruction(equal) == {"mse_per_weight": 0.5 / 3, "unexplained_variance": None}
