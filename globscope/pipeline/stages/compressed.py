"""The compressed stage: the networks of which maps are made, where a spec compresses them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from attrs import evolve

from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.workshop import Workshop
from globscope.population import files
from globscope.population.compression import Block, Compression, compression
from globscope.store import key, read_json, write_json
from globscope.values.chart import Progress
from globscope.values.members import Population

LOSS = "loss.json"


def compress(workshop: Workshop, members: Population, reference: Population) -> Population:
    """Return members as maps are fitted to them: compressed by what is found over the reference, or as they are."""
    if workshop.spec.population.compress is None or not members.members:
        return members
    folder, stage_key = _stage(workshop, members, reference)
    return evolve(files.load_population(folder, stage_key), members=members.members)


def compress_vectors(workshop: Workshop, weights: np.ndarray, reference: Population) -> np.ndarray:
    """Return (n, D) further networks as maps see them: compressed as the members are, or as they are."""
    choice = workshop.spec.population.compress
    if choice is None:
        return weights
    return np.concatenate([values for _, values in compression(reference, choice).blocks(weights)], axis=1)


def compression_error(workshop: Workshop, members: Population) -> Mapping[str, float]:
    """Return of compressed members their mean squared error and variance per weight, and how many numbers each has."""
    error: dict[str, float] = read_json(_stage(workshop, members, members)[0] / LOSS)
    return error


def _stage(workshop: Workshop, members: Population, reference: Population) -> tuple[Path, str]:
    choice = workshop.spec.population.compress
    assert choice is not None
    stage_key = key(Stage.COMPRESSED, choice, members.key, reference.key)

    def work(folder: Path, _: Progress) -> None:
        chosen = compression(reference, choice)
        loss = _Loss(members, chosen)
        files.save_blocks(folder, members.layout, members.members, loss.blocks())
        write_json(folder / LOSS, {"numbers": chosen.numbers, "error": loss.error, "variance": loss.variance})

    return workshop.stage(Stage.COMPRESSED, stage_key, work, "compress"), stage_key


class _Loss:
    """Counts what a compression loses while it passes the members' weights on, so that they are read once."""

    def __init__(self, members: Population, chosen: Compression) -> None:
        self.members, self.chosen = members, chosen
        self.error = self.variance = 0.0

    def blocks(self) -> Iterator[Block]:
        trained, size = self.members.trained, self.members.layout.size * len(self.members.trained)
        if not trained:  # members that an analysis derived: what is lost is said of the networks themselves
            yield from self.chosen.blocks(self.members.weights)
            return
        for columns, values in self.chosen.blocks(self.members.weights):
            own = np.asarray(self.members.weights[:, columns], np.float64)[trained]
            self.error += float(((own - values[trained]) ** 2).sum()) / size
            self.variance += float(((own - own.mean(axis=0)) ** 2).sum()) / size
            yield columns, values
