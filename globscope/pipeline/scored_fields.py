"""The fields that networks are scored by: those that the task measures, and those that the evaluator adds."""

from collections.abc import Mapping

from globscope.pipeline.workshop import Workshop
from globscope.roles import AddsFields, CountsExamples, OffersFields, Probe, capability
from globscope.scoring.means import measured_fields
from globscope.values.field import Field


def added_fields(workshop: Workshop, probe: Probe) -> tuple[Field, ...]:
    """Return the fields that the study's evaluator adds."""
    evaluator = workshop.spec.evaluator.component
    adding = capability(evaluator, AddsFields)
    if adding is None:
        return ()
    with workshop.errors_of(evaluator):
        return tuple(adding.added_fields(probe))


def offered_fields(workshop: Workshop, probe: Probe) -> Mapping[str, str]:
    """Return the options with which the study's evaluator would add other fields, by the fields' keys."""
    evaluator = workshop.spec.evaluator.component
    offering = capability(evaluator, OffersFields)
    if offering is None:
        return {}
    with workshop.errors_of(evaluator):
        return {key: f"evaluator.{option}" for key, option in offering.offered_fields(probe).items()}


def examples_by_field(workshop: Workshop, probe: Probe) -> dict[str, int]:
    """Return on how many examples each measure is scored, by its field's key; nothing where no evaluator tells."""
    evaluator = workshop.spec.evaluator.component
    counting = capability(evaluator, CountsExamples)
    if counting is None:
        return {}
    with workshop.errors_of(evaluator):
        counts = counting.scored_examples(probe)
        return {f"{split}_{measure}": counts[split] for split in probe.splits for measure in probe.measures}


def scored_fields(workshop: Workshop, probe: Probe) -> dict[str, Field]:
    """Return all fields by their keys."""
    return measured_fields(probe) | {field.key: field for field in added_fields(workshop, probe)}
