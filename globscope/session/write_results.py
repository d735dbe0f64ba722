"""What a run writes beside its stages: its spec, its learned aligners, its report and its results."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from globscope.pipeline.changes import MANIFEST, Changes
from globscope.pipeline.run import REPORT, Outcome
from globscope.pipeline.stages.align.pairs import learners
from globscope.pipeline.workshop import Workshop
from globscope.session.run_folder import RESULTS, SPEC
from globscope.spec.describe import as_toml
from globscope.spec.study_spec import Spec
from globscope.store import own_folder, write_bytes, write_json

# The folder of learned aligners in the run folder.
ALIGNERS = "aligners"


def write_spec(folder: Path, spec: Spec) -> None:
    """Write a run's spec into its folder; results of another spec are taken back first, so that none lie beside it."""
    text, path = as_toml(spec).encode(), folder / SPEC
    if not path.exists() or path.read_bytes() != text:
        (folder / RESULTS).unlink(missing_ok=True)
    write_bytes(path, text)


def write_learned(workshop: Workshop, run_folder: Path) -> dict[str, Path]:
    """Write the learned aligners of a study, training them if needed; return the files by aligner's name."""
    from globscope.report.style.text import slug

    written: dict[str, Path] = {}
    for learner in learners(workshop):
        written[learner.entry.name] = own_folder(run_folder, ALIGNERS) / f"{slug(learner.entry.name)}.safetensors"
        write_bytes(written[learner.entry.name], learner.learned_file().read_bytes())
    return written


def write_results(
    folder: Path, workshop: Workshop, outcome: Outcome, *, title: str, record: Mapping[str, Any], made_from: str
) -> Path:
    """Write everything outside of stages, and return the report's path; one process at a time, as all belongs together.

    Args:
        folder: The run folder.
        workshop: The study at work.
        outcome: What it came to.
        title: Title of the report.
        record: The results as one JSON object.
        made_from: The hash of all that the run was made from.
    """
    from globscope.report import explorer_warning, write_report

    write_spec(folder, workshop.spec)  # another process may have another one
    write_learned(workshop, folder)
    workshop.observer.step(REPORT)
    workshop.observer.stage("report")
    page = write_report(
        folder,
        title=title,
        atlas=outcome.atlas,
        findings=outcome.findings,
        learned=outcome.learned,
        record=record,
        style=workshop.spec.report,
        workers=workshop.workers,
    )
    if large := explorer_warning(folder):
        workshop.observer.warning(large)
    write_json(folder / MANIFEST, record["manifest"])
    write_json(folder / RESULTS, record, made_from=made_from)
    return page


def with_changes(record: Mapping[str, Any], changed: Changes) -> Mapping[str, Any]:
    """Return results with the members that were added and removed, if there are any."""
    if changed == Changes():
        return record
    return {**record, "changes": changed.record, "warnings": [str(changed), *record["warnings"]]}
