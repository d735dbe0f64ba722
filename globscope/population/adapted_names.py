"""The model's names of the tensors that adapters change, whatever wrappers peft saw."""

from collections.abc import Collection, Mapping, Sequence

from globscope.errors import PopulationError, near
from globscope.population.adapted_tensors import changes_of
from globscope.population.adapter import Change
from globscope.population.buffers import buffer_names
from globscope.population.checkpoint_file import CheckpointFile
from globscope.roles import Probe, ProbeTraits, traits


def changed_tensors(files: Sequence[CheckpointFile], probe: Probe) -> tuple[str, ...]:
    """Return the model's names of the parameters that any of some adapters changes, in the model's order.

    Raises:
        PopulationError: An adapter cannot be read, or changes what the model does not have.
    """
    changed = {name for file in files for name in changed_names(file, probe, changes_of(file))}
    return tuple(name for name in _parameter_names(probe) if name in changed)


def changed_names(file: CheckpointFile, probe: Probe, changes: Mapping[str, Change]) -> dict[str, str]:
    """Return the names that an adapter has for the tensors that it changes, by the model's names.

    Raises:
        PopulationError: The model lacks one of them, or uses it in several places.
    """
    known = traits(probe, ProbeTraits)
    twins = {twin: name for name, others in known.ties.items() for twin in others}
    aliased = {".".join(known.aliases.get(part, part) for part in name.split(".")): name for name in changes}
    names = {*_parameter_names(probe), *buffer_names(probe), *twins}
    cut, added = _shift(file, list(aliased), names)
    found = {added + name.removeprefix(cut): own for name, own in aliased.items()}
    for name in found:
        if name in twins or name in known.ties:
            raise PopulationError(
                f"{file.path}: changes {name!r}, which the model uses in several places; an adapter changes one of "
                "them alone, so that the merged network has other tensors than the model"
            )
    return found


def _parameter_names(probe: Probe) -> list[str]:
    known = traits(probe, ProbeTraits)
    return [*dict.fromkeys([*probe.layout.names, *known.fixed, *known.unmapped])]


def _shift(file: CheckpointFile, names: Sequence[str], known: Collection[str]) -> tuple[str, str]:
    """Return what is cut from the beginning of an adapter's names and what is added, to have the model's names."""
    if not names:
        return "", ""
    first = names[0]
    longer = [("", name.removesuffix(first)) for name in known if name.endswith(f".{first}")]
    shorter = [(first.removesuffix(name), "") for name in known if first.endswith(f".{name}")]
    candidates = [("", ""), *longer, *shorter]
    whole = [(c, a) for c, a in candidates if all(a + name.removeprefix(c) in known for name in names)]
    if not whole:
        missing = next(name for name in names if name not in known)
        raise PopulationError(
            f"{file.path}: changes {missing!r}, which the model does not have; {near(missing, known)}"
        )
    if len(whole) > 1 and whole[0] != ("", ""):
        raise PopulationError(
            f"{file.path}: {first!r} may be {' or '.join(sorted(a + first for _, a in whole))} of the model; "
            "say which with population.rename"
        )
    return whole[0]
