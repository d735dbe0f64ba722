"""The learned aligner: what the role asks of it."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from attrs import define

from globscope.api import AlignerTraits, CheckFacts, Draft, Finding, PluginError, Population, Progress, Task, Tensors
from globscope.builtin.aligners.deep.learned import Learned, loaded
from globscope.builtin.aligners.deep.mlp import read_mlp
from globscope.builtin.aligners.deep.options import Options
from globscope.builtin.aligners.deep.zoo import FEWEST


@define(frozen=True, kw_only=True)
class DeepAlign(Options):
    """Match units of MLPs by features that a network learned from many MLPs of the same task.

    An equivariant network reads the weights of either MLP and gives every hidden unit a feature vector; units are
    paired so that the cosines of their features are the largest. It learns from a zoo: a sixth of it chooses the best
    weights and a sixth is for the report. It pays for many pairs of networks of one kind, of which 100 or more are
    there to learn from. One aligner serves MLPs of one depth with the same inputs and outputs. What it finds is left
    as it is: weight matching from there would lose what was gained.

    The paper's network has 32 million weights; the default here has 30,000 to 75,000, learns on a CPU in minutes, and
    gains less over weight and activation matching than the paper tells. Its layers keep features of every weight of an
    MLP and attend over the units of a layer; here units send each other messages. On a GPU, `width = 640`, `blocks = 4`
    and `channels = 128` come near its size, for three hidden layers.

    Source: Navon, Shamsian, Fetaya, Chechik, Dym, Maron, "Equivariant Deep Weight Space Alignment", ICML 2024.
    """

    def check(self, facts: CheckFacts) -> None:
        """Refuse networks that are no MLPs, and a file that is for others.

        Raises:
            SymmetryError: The network is no MLP.
            SpecError: The file holds no aligner, or without a file there is nothing to learn.
            PopulationError: Its aligner is for other networks.
        """
        found = read_mlp(facts.probe)
        if self.aligner is not None:
            self._stored.require(found)
        else:
            self.require_loss()

    @property
    def traits(self) -> AlignerTraits:
        """It learns unless it is read from a file."""
        return AlignerTraits(learns=self.aligner is None, fewest=FEWEST)

    def learn(
        self, task: Task, zoo: Population, draft: Draft, progress: Progress, rng: np.random.Generator
    ) -> Mapping[str, np.ndarray]:
        """Return what was learned from a zoo, and what its barriers are.

        Raises:
            SymmetryError: The network is no MLP.
            SpecError: There are too few networks, or nothing that is to be learned.
            GlobscopeError: The training diverged.
        """
        from globscope.builtin.aligners.deep.learning import learn

        return learn(self, task, zoo, draft=draft, progress=progress, rng=rng)

    def with_learned(self, arrays: Mapping[str, np.ndarray]) -> Learned:
        """Return the aligner that was learned."""
        return Learned(arrays=arrays)

    def describe(self, arrays: Mapping[str, np.ndarray]) -> Finding:
        """Return how the learning went."""
        from globscope.builtin.aligners.deep.finding import finding_of

        return finding_of(arrays)

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a, by the file's aligner.

        Raises:
            PluginError: There is no file.
            SpecError: It holds no aligner.
            PopulationError: Its aligner is for other networks.
            SymmetryError: The network is no MLP.
        """
        return self._stored.align(task, a, b, rng)

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return by group the (n, n) cosines of the units' features, by the file's aligner."""
        return self._stored.scores(task, a, b, rng)

    @cached_property
    def _stored(self) -> Learned:
        if self.aligner is None:
            raise PluginError(
                "deep-align learns from many networks before it aligns two: give the study a [zoo], or the option "
                "'aligner' a file of one that has learned"
            )
        return loaded(self.aligner)
