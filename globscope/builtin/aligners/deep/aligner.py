"""The learned aligner as a component."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from attrs import define

from globscope.api import AlignerTraits, CheckFacts, Draft, Finding, PluginError, Population, Progress, Task, Tensors
from globscope.builtin.aligners.deep.learned import LearnedAligner, load_learned
from globscope.builtin.aligners.deep.mlp import read_mlp
from globscope.builtin.aligners.deep.options import Options
from globscope.builtin.aligners.deep.zoo import FEWEST


@define(frozen=True, kw_only=True)
class DeepAlign(Options):
    """Match units of MLPs by features that a network learned from many MLPs of the same task.

    An equivariant network reads the weights of both MLPs and computes a feature vector for every hidden unit; units are
    paired so that the sum of the cosines of their features is the largest. It learns from a zoo: a sixth of the zoo
    chooses the best weights, and a sixth is for the report. It is worthwhile for many pairs of similar networks, with
    100 or more to learn from. One aligner works for MLPs of one depth with the same inputs and outputs. Its result is
    not refined: weight matching from there would lose what was gained.

    The paper's network has 32 million weights; the default here has 30,000 to 75,000, learns on a CPU in minutes, and
    gains less over weight and activation matching than the paper reports. The paper's layers keep features of every
    weight of an MLP and attend over the units of a layer; here units send messages to each other. On a GPU,
    `width = 640`, `blocks = 4` and `channels = 128` come near its size, for three hidden layers.

    Source: Navon, Shamsian, Fetaya, Chechik, Dym, Maron, "Equivariant Deep Weight Space Alignment", ICML 2024.
    """

    @classmethod
    def quick_examples(cls) -> "tuple[DeepAlign, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(steps=3, width=4, blocks=1, channels=8, pairs=2),
            cls(steps=2, width=4, channels=8, pairs=2, messages="edge", connectivity=0.0),
        )

    def check(self, facts: CheckFacts) -> None:
        """Refuse networks that are not MLPs, and an aligner's file that is for other networks.

        Raises:
            SymmetryError: The network is not an MLP.
            SpecError: The file holds no aligner, or without a file there is nothing to learn.
            PopulationError: Its aligner is for other networks.
        """
        mlp = read_mlp(facts.probe)
        if self.aligner is not None:
            self._file_aligner.require(mlp)
        else:
            self.require_loss()

    @property
    def traits(self) -> AlignerTraits:
        """The aligner learns, unless it is read from a file."""
        return AlignerTraits(learns=self.aligner is None, fewest=FEWEST)

    def learn(
        self, task: Task, zoo: Population, draft: Draft, progress: Progress, rng: np.random.Generator
    ) -> Mapping[str, np.ndarray]:
        """Return what was learned from a zoo, with its barriers.

        Raises:
            SymmetryError: The network is not an MLP.
            SpecError: There are too few networks, or all losses have weight 0.
            GlobscopeError: The training diverged.
        """
        from globscope.builtin.aligners.deep.learning import learn

        return learn(self, task, zoo, draft=draft, progress=progress, rng=rng)

    def with_learned(self, arrays: Mapping[str, np.ndarray]) -> LearnedAligner:
        """Return the aligner that was learned."""
        return LearnedAligner(arrays=arrays)

    def describe(self, arrays: Mapping[str, np.ndarray]) -> Finding:
        """Return the report on the learned aligner."""
        from globscope.builtin.aligners.deep.finding import finding_of

        return finding_of(arrays)

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a, by the file's aligner.

        Raises:
            PluginError: There is no file.
            SpecError: It holds no aligner.
            PopulationError: Its aligner is for other networks.
            SymmetryError: The network is not an MLP.
        """
        return self._file_aligner.align(task, a, b, rng)

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the (n, n) cosines of the units' features by group, with the file's aligner."""
        return self._file_aligner.scores(task, a, b, rng)

    @cached_property
    def _file_aligner(self) -> LearnedAligner:
        if self.aligner is None:
            raise PluginError(
                "deep-align learns from many networks before it aligns two: give the study a [zoo], or the option "
                "'aligner' a file of one that has learned"
            )
        return load_learned(self.aligner)
