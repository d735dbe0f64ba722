"""Versions of packages: values of others may not be understood, and may differ in their last bits."""

from importlib.metadata import version

from globscope.api import PoolError

MUST_AGREE = ("globscope", "numpy", "torch")


def versions() -> dict[str, str]:
    """Return the versions of the packages that must be the same everywhere."""
    return {name: version(name) for name in MUST_AGREE}


def require_same_versions(found: dict[str, str]) -> None:
    """Refuse a worker with other versions.

    Raises:
        PoolError: A version differs.
    """
    other = {name: there for name, there in found.items() if there != versions()[name]}
    if other:
        listed = ", ".join(f"{name} {there} there, {versions()[name]} here" for name, there in other.items())
        raise PoolError(f"a worker has other versions than this process: {listed}; install the same everywhere")
