"""Installed distributions that offer components, and which of them a user has switched off.

What is switched off is not imported at all: neither here nor in workers, which get their components from here.
"""

import re
from collections.abc import Collection, Iterable
from importlib.metadata import EntryPoint, entry_points

from globscope.errors import near

# The entry points of plugins, and the distribution of the built-in components.
GROUP, OWN = "globscope", "globscope"
# How a distribution is switched off.
SWITCHES = "--disable or [plugins] disable"
NO_SWITCH = "must not be the distribution of the built-in components, which every study needs"


def normalise(name: str) -> str:
    """Return a distribution's name as indices write it (PEP 503): `Globscope_TTK` is `globscope-ttk`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_entries() -> tuple[EntryPoint, ...]:
    """Return the entry points of all installed plugins, the built-in ones first."""
    return in_order(entry_points(group=GROUP))


def in_order(entries: Iterable[EntryPoint]) -> tuple[EntryPoint, ...]:
    """Return entry points by their distributions, the built-in ones first."""
    return tuple(sorted(entries, key=lambda e: (origin(e)[0] != OWN, *origin(e), e.name)))


def origin(entry: EntryPoint) -> tuple[str, str]:
    """Return the name and the version of an entry point's distribution."""
    return (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "0")


def without(entries: Iterable[EntryPoint], names: Collection[str]) -> tuple[list[EntryPoint], tuple[str, ...]]:
    """Return the entry points that are left, and each distribution that is switched off, with its version.

    Args:
        entries: Entry points of plugins.
        names: Normalised names of distributions to switch off.
    """
    kept, off = list[EntryPoint](), dict[str, None]()
    for entry in entries:
        name, version = origin(entry)
        if normalise(name) in names:
            off[f"{name} {version}"] = None
        else:
            kept.append(entry)
    return kept, tuple(off)


def why_not_installed(name: str, entries: Iterable[EntryPoint]) -> str:
    """Return the sentence about a name that no distribution of these entry points has; empty where one has it."""
    known = {normalise(origin(entry)[0]) for entry in entries} - {OWN}
    if normalise(name) in known:
        return ""
    return f"no installed distribution {name!r} offers components; {near(normalise(name), known)}"


def why_not_disabled(name: str) -> str:
    """Return why a distribution cannot be switched off here; empty where it can."""
    if normalise(name) == OWN:
        return f"{NO_SWITCH}, got {name!r}"
    return why_not_installed(name, installed_entries())


def remedy(names: Iterable[str]) -> str:
    """Return how to switch one of some distributions off, for the end of a message; empty where none can be."""
    options = [f"--disable {normalise(name)}" for name in dict.fromkeys(names) if name != OWN]
    return f"{' or '.join(options)} or [plugins] disable" if options else ""
