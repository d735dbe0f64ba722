"""How the runs of a study were trained, in words: for the explorer, where people search and tell runs apart by it."""

from collections.abc import Iterator

from globscope.spec.population import PopulationSpec
from globscope.spec.training import Train, Variant

OPTIMISERS = {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD", "lbfgs": "L-BFGS"}


def recipes(population: PopulationSpec) -> dict[str, str]:
    """Return the recipe of every run that is trained here, by the run's name; empty for checkpoints that are read."""
    if population.train is None:
        return {}
    return {run.name: ", ".join(_words(population.train, run)) for run in population.runs()}


def _words(train: Train, run: Variant) -> Iterator[str]:
    yield OPTIMISERS[train.optimiser]
    yield f"batch size {run.batch_size}"
    yield f"learning rate {run.learning_rate:g}" + ("" if train.schedule == "constant" else f" ({train.schedule})")
    yield f"weight decay {run.weight_decay:g}"
    if "sgd" in train.optimisers:
        yield f"{'Nesterov ' * train.nesterov}momentum {train.momentum:g}"
    yield _epochs(run.epochs or train.epochs)
    if train.warm_up:
        yield f"{_epochs(train.warm_up)} of warm-up"
    for one in train.then:
        rate = "" if one.learning_rate is None else f" at {one.learning_rate:g}"
        yield f"then {OPTIMISERS[one.optimiser]}{rate} for {_epochs(one.epochs)}"
    if train.initialisation == "shared":
        yield "shared initialisation"
    if run.seed is not None:
        yield f"seed {run.seed}"


def _epochs(count: float) -> str:
    return f"{count:.10g} epoch{'s' * (count != 1)}"
