"""The learned aligner's options."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge, gt, le

from globscope.api import (
    BATCH,
    DRAWS,
    EXAMPLES,
    LAYERS,
    STEPS,
    UNITS,
    Draft,
    Finding,
    PluginError,
    Population,
    Probe,
    Progress,
    SpecError,
    Task,
    Tensors,
    device_name,
)
from globscope.builtin.aligners.deep.chain import chain
from globscope.builtin.aligners.deep.form import Messages
from globscope.builtin.aligners.deep.learned import Learned, loaded
from globscope.builtin.aligners.deep.zoo import FEWEST


@define(frozen=True, kw_only=True)
class DeepAlign:
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

    Attributes:
        aligner: File of a learned aligner (.safetensors), as a run wrote it. Nothing is learned then, and the options
            below mean nothing.
        messages: `bilinear` sends features of units through the weights, forward and backward; `edge` keeps features
            of every weight, as linear DWSNet layers do, which takes longer and gained nothing where it was tried.
        width: Features of a unit while they are worked out.
        blocks: Rounds of messages.
        channels: Features by which units are compared.
        steps: Of gradient descent, each on one batch of networks.
        batch_size: Networks a step.
        learning_rate: Of AdamW, after 100 steps of warm-up; a cosine lowers it to zero.
        weight_decay: Of AdamW.
        supervised: Weight of the loss by which a permuted, noisy copy of a network must be recognised; 0 leaves it out.
        alignment: Weight of the squared distance of a network from another one that was aligned to it, in units of the
            zoo's standard deviations; 0 leaves it out. Above 0.03 it leads to what weight matching finds.
        connectivity: Weight of the task's loss on the line between a network and another one that was aligned to it;
            0 leaves it out.
        point: Where on the line: its middle, or a point drawn for every pair.
        noise: Of the copies, in standard deviations of each tensor over the zoo.
        drop: Share of the copies' weights that is set to 0.
        examples: Training examples a step for the loss on the line.
        iterations: Of Sinkhorn's scaling, which makes soft permutations while it learns.
        validate_every: Steps between two measurements of the barrier, after which a killed run continues.
        pairs: Networks, two by two, in each measurement of the barrier.
        device: Where it learns; `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card. It aligns on
            the cpu.
    """

    aligner: Path | None = None
    messages: Messages = "bilinear"
    width: int = field(default=32, validator=and_(ge(1), UNITS))
    blocks: int = field(default=2, validator=and_(ge(1), LAYERS))
    channels: int = field(default=64, validator=and_(ge(1), UNITS))
    steps: int = field(default=4000, validator=and_(ge(1), STEPS))
    batch_size: int = field(default=16, validator=and_(ge(2), BATCH))
    learning_rate: float = field(default=1e-3, validator=gt(0))
    weight_decay: float = field(default=1e-3, validator=ge(0))
    supervised: float = field(default=1.0, validator=ge(0))
    alignment: float = field(default=0.0, validator=ge(0))
    connectivity: float = field(default=1.0, validator=ge(0))
    point: Literal["midpoint", "random"] = "random"
    noise: float = field(default=0.3, validator=ge(0))
    drop: float = field(default=0.05, validator=[ge(0), le(1)])
    examples: int = field(default=64, validator=and_(ge(1), EXAMPLES))
    iterations: int = field(default=20, validator=and_(ge(1), STEPS))
    validate_every: int = field(default=250, validator=ge(1))
    pairs: int = field(default=60, validator=and_(ge(1), DRAWS))
    device: str = field(default="cpu", validator=device_name)

    def check(self, probe: Probe) -> None:
        """Refuse networks that are no MLPs, and a file that is for others.

        Raises:
            SymmetryError: The network is no MLP.
            SpecError: The file holds no aligner, or without a file there is nothing to learn.
            PopulationError: Its aligner is for other networks.
        """
        found = chain(probe)
        if self.aligner is not None:
            self._stored.require(found)
        else:
            self.require_loss()

    def require_loss(self) -> None:
        """Refuse to learn from no loss.

        Raises:
            SpecError: All weights of losses are 0.
        """
        if not (self.supervised or self.alignment or self.connectivity):
            raise SpecError(["deep-align: supervised, alignment and connectivity are all 0: there is nothing to learn"])

    @property
    def fewest(self) -> int:
        """The least number of networks to learn from."""
        return FEWEST

    @property
    def learns(self) -> bool:
        """Whether it has to learn before it can align."""
        return self.aligner is None

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

    def learned(self, arrays: Mapping[str, np.ndarray]) -> Learned:
        """Return the aligner that was learned."""
        return Learned(arrays=arrays)

    def told(self, arrays: Mapping[str, np.ndarray]) -> Finding:
        """Return how the learning went."""
        from globscope.builtin.aligners.deep.telling import told

        return told(arrays)

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
