"""Networks scored as a study scores them, into a journal on disk; and networks that do not fit into memory."""

import numpy as np

from globscope.api import Networks, Progress
from globscope.pipeline.disk.journal import FIELDS, UNITS, DiskJournal
from globscope.pipeline.score_units import Evaluation, score_units
from globscope.registry import installed_registry
from globscope.store import read_arrays, read_json
from globscope.workers import ThisProcess


def evaluated(folder, evaluator, networks, task, workers=None):
    """Return an evaluator's fields, and how they were computed."""
    folder.mkdir(exist_ok=True)
    networks = Networks.of(networks) if isinstance(networks, np.ndarray) else networks
    journal = DiskJournal(folder, len(networks))
    plan = journal.plan(evaluator.plan(networks, task))
    evaluation = Evaluation(registry=installed_registry(), evaluator=evaluator, networks=networks, task=task, plan=plan)
    score_units(evaluation, journal, workers or ThisProcess(), Progress())
    journal.finish()
    return read_arrays(folder / FIELDS), journal.used | {"cuts": cuts(folder)}


def cuts(folder):
    """Return the first network of every unit, and one past its last."""
    return [(unit["start"], unit["stop"]) for unit in read_json(folder / UNITS)]


def tight(networks, limit, error):
    """Return networks of which a machine can lift only so many at a time; more raise the error."""

    class Tight(Networks):
        def weights(self, unit):
            if unit.stop - unit.start > limit:
                raise error
            return super().weights(unit)

    return Tight(space=networks.space, coordinates=networks.coordinates)
