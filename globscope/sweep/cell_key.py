"""The key of a cell, by which a finished one is known."""

from pathlib import Path

from attrs import evolve

from globscope.pipeline.workshop import Workshop
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find import find_checkpoints
from globscope.spec.describe import as_toml
from globscope.spec.network_source import NetworkSource
from globscope.store import key


def cell_key(workshop: Workshop) -> str:
    """Return the key of everything that a cell's results and report depend on."""
    spec = workshop.spec
    entries = [spec.evaluator, spec.fidelity, *spec.sampler, *spec.topology, *spec.aligner, *spec.analysis]
    components = [workshop.key_of(entry.component) for entry in [*entries, *spec.reducer]]
    files, zoo = (_files_of(source, spec.folder) for source in (spec.population, spec.zoo))
    members, figures = [one.key for one in files], [dict(one.figures) for one in files]
    # What few cells have is named only there, so that those of earlier versions stay finished.
    more = [*([figures] if any(figures) else []), *([[one.key for one in zoo]] if zoo else [])]
    return key("cell", as_toml(evolve(spec, run=None)), workshop.task.key, components, members, *more)


def _files_of(source: NetworkSource | None, folder: Path) -> list[CheckpointFile]:
    """Return the checkpoints that a source reads; none where it trains networks, or is none."""
    return [] if source is None or not source.reads_files else find_checkpoints(source, folder)
