"""On which classes networks disagree: against counts by hand, and on what it refuses."""

import numpy as np
import pytest
import torch
from attrs import evolve
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from support.study import TINY, study_in

from globscope.api import CheckFacts, EvaluationError, Member, Population, PopulationError
from globscope.builtin.analyses.class_disagreement.analysis import ClassDisagreement
from globscope.builtin.analyses.class_disagreement.decisions import Decisions
from globscope.builtin.analyses.class_disagreement.report import CLASSES_DRAWN, PAIRS_DRAWN, pictures, tables
from globscope.builtin.analyses.outputs.answers import answers
from globscope.builtin.analyses.outputs.network_outputs import Outputs
from globscope.builtin.tasks.regression import Regression
from globscope.pipeline.run import run
from globscope.testing import tiny_atlas, tiny_bench, tiny_task
from globscope.testing.tiny.task import LAYOUT

#                     right   0  0  0  0  1  1  2  2
BY_HAND = np.array(
    [
        [0, 0, 0, 1, 1, 1, 2, 0],
        [0, 0, 1, 2, 1, 2, 2, 0],
        [0, 0, 0, 1, 1, 1, 0, 2],
    ]
)
RIGHT = np.array([0, 0, 0, 0, 1, 1, 2, 2])


def decisions(chosen=BY_HAND, right=RIGHT):
    return Decisions(names=tuple("ABCDEFGHIJ"[: len(chosen)]), chosen=chosen, right=right)


def rows(found):
    return {table.name: list(table.rows) for table in tables(found, "test")}


def test_disagreement_is_divided_by_the_right_class_and_by_who_is_right():
    found = decisions()
    # A and B differ on two of four zeros: on one A alone is right, on the other both are wrong.
    assert found.shares[0].tolist() == [[1 / 4, 0, 1 / 4], [1 / 2, 0, 0], [0, 0, 0]]
    assert found.disagreements.tolist() == [[1 / 2, 1 / 2, 0], [0, 0, 1], [1 / 2, 1 / 2, 1]]
    listed = rows(found)
    assert listed["classes"][0] == {
        "class": 0,
        "examples": 4,
        "accuracy": pytest.approx((3 + 2 + 3) / 12),
        "disagreement": pytest.approx(1 / 3),
        "lowest": 0,
        "highest": 1 / 2,
        "one_right": pytest.approx((1 / 4 + 1 / 4) / 3),
        "both_wrong": pytest.approx((1 / 4 + 1 / 4) / 3),
    }
    assert listed["pairs"][0] == {
        "one": "A",
        "other": "B",
        "class": 0,
        "examples": 4,
        "disagreement": 1 / 2,
        "one_right": 1 / 4,
        "other_right": 0,
        "both_wrong": 1 / 4,
    }


def test_classes_that_are_said_instead_of_each_other_are_counted_over_pairs():
    found = decisions()
    # A–B: 0/1, 1/2, 1/2; A–C: 2/0, 0/2; B–C: 1/0, 2/1, 2/1, 2/0, 0/2.
    assert found.instead == {(0, 2): 4, (1, 2): 4, (0, 1): 2}
    assert rows(found)["instead"][0] == {"one_class": 0, "other_class": 2, "share": 0.4, "per_pair": 4 / 3}
    by_class, instead = pictures(found)
    assert by_class.rows == ("A – B", "A – C", "B – C")
    assert by_class.columns == ("0", "1", "2")
    assert by_class.values[2] == (1 / 2, 1 / 2, 1)
    assert instead.is_symmetric
    assert instead.values[0] == (0, 2 / 3, 4 / 3)


@settings(deadline=None, max_examples=40)
@given(arrays(int, (4, 12), elements=st.integers(0, 3)), arrays(int, 12, elements=st.integers(0, 3)))
def test_shares_add_up_to_the_disagreement_of_all_examples(chosen, right):
    found = decisions(chosen, right)
    weights = np.array([found.examples(label) for label in found.classes]) / len(right)
    whole = [(chosen[a] != chosen[b]).mean() for a, b in found.pairs]
    np.testing.assert_allclose(found.disagreements @ weights, whole, atol=1e-12)
    assert sum(found.instead.values()) == sum((chosen[a] != chosen[b]).sum() for a, b in found.pairs)


def test_networks_that_agree_have_nothing_to_say_instead():
    found = decisions(np.stack([RIGHT, RIGHT]))
    assert list(rows(found)) == ["classes", "pairs"]
    assert [picture.name for picture in pictures(found)] == ["classes"]


def test_of_many_classes_and_pairs_those_with_most_disagreement_are_drawn():
    rng, count = np.random.default_rng(0), 10
    right = np.repeat(np.arange(CLASSES_DRAWN + 5), 4)
    chosen = np.tile(right, (count, 1))
    chosen[:, right >= 5] = rng.integers(0, 25, (count, (right >= 5).sum()))  # the first five are never disputed
    found = decisions(chosen, right)
    by_class, instead = pictures(found)
    assert len(found.pairs) > PAIRS_DRAWN
    assert by_class.rows == found.names
    assert by_class.columns == tuple(map(str, range(5, 25)))
    assert by_class.values[3] == pytest.approx(
        found.disagreements[[3 in pair for pair in found.pairs]].mean(axis=0)[5:]
    )
    assert by_class.caption.endswith("; the 5 classes with least disagreement are not drawn.")
    assert len(instead.rows) == CLASSES_DRAWN


# --- the analysis -----------------------------------------------------------------------------------


def atlas_of(*seeds):
    weights = np.stack([np.random.default_rng(seed).normal(size=LAYOUT.size).astype(np.float32) for seed in seeds])
    members = tuple(Member(variant="ABCDE"[at], step=0) for at in range(len(seeds)))
    return evolve(tiny_atlas(), population=Population(members=members, weights=weights, layout=LAYOUT), maps=())


def analysed(atlas, **options):
    return ClassDisagreement(**options).analyse(atlas, tiny_bench(), np.random.default_rng(0))


def test_what_is_counted_are_the_networks_own_decisions():
    found, probe = analysed(atlas_of(0, 1), split="train"), tiny_task().build("cpu")
    chosen = []
    for seed in (0, 1):
        weights = torch.from_numpy(np.random.default_rng(seed).normal(size=LAYOUT.size).astype(np.float32))
        batch = probe.batch("train", torch.arange(48))
        chosen.append(probe.outputs(LAYOUT.unflatten(weights), {}, batch).argmax(1).numpy())
    right = batch[1].numpy()
    wanted = [((chosen[0] != chosen[1]) & (right == label)).sum() / (right == label).sum() for label in range(3)]
    assert [row["disagreement"] for row in found.table("classes").rows] == pytest.approx(wanted)
    assert "on 48 examples of the train split" in found.table("classes").caption
    assert found.warnings == (
        "3 of 3 classes have fewer than 30 examples, so that their shares are uncertain: more `examples` may help",
    )


def test_a_network_whose_outputs_are_not_finite_is_left_out():
    atlas = atlas_of(0, 1, 2)
    weights = np.array(atlas.population.weights)
    weights[1] = np.nan
    found = analysed(evolve(atlas, population=evolve(atlas.population, weights=weights)))
    assert found.warnings[0] == "1 network left out: outputs are not finite"
    assert {(row["one"], row["other"]) for row in found.table("pairs").rows} == {("A", "C")}


def test_answers_are_those_of_the_places_that_outputs_are_taken_from():
    class Tokens:
        splits = ("train",)

        def examples(self, split):
            return 6

        def batch(self, split, indices):
            return indices, indices[:, None] * 10 + torch.arange(4)

    found = answers(Tokens(), Outputs(split="train", examples=6, device="cpu"))
    assert found.tolist() == [0, 11, 22, 33, 40, 51]


def test_a_task_without_classes_and_networks_that_are_not_there_are_refused(tmp_path, notes):
    message = "analysis class-disagreement: counts decisions between classes, and this task predicts none"
    with pytest.raises(EvaluationError, match=message):
        ClassDisagreement().check(CheckFacts(probe=Regression(hidden=(4,)).build("cpu"), variants=("A", "B")))
    spec = TINY + '[[analysis]]\nuse = "class-disagreement"\nof = ["A", "D"]\n'
    with pytest.raises(EvaluationError, match="of: there is no network 'D'; known: A, B, C"):
        run(study_in(tmp_path, spec).workshop(notes))
    assert notes.ran == []
    with pytest.raises(PopulationError, match=r"analysis class-disagreement: of: there is no network 'A@7'"):
        analysed(atlas_of(0, 1), of=("A@7", "B"))
