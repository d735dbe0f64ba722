"""Numbers as pandas and xarray hold them, where these packages are installed."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from globscope.errors import GlobscopeError


def data_frame(columns: Mapping[str, Any] | Sequence[Mapping[str, Any]], names: Sequence[str] | None = None) -> Any:
    """Return a pandas data frame of columns, or of rows with columns of these names.

    Raises:
        GlobscopeError: pandas is not installed.
    """
    return _package("pandas", "a data frame").DataFrame(columns, columns=None if names is None else list(names))


def data_set(variables: Mapping[str, Any], coordinates: Mapping[str, Any]) -> Any:
    """Return an xarray data set; both arguments give dimensions and array by name.

    Raises:
        GlobscopeError: xarray is not installed.
    """
    return _package("xarray", "a data set").Dataset(variables, coords=coordinates)


def _package(name: str, what: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise GlobscopeError(f"{what} needs {name}, which is not installed: pip install {name}") from error
