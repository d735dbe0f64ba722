"""landscaper's .npz: `loss` on a lattice, and `coordinates` along each axis.

Its `compute_loss_landscape` puts the loss at coordinates[0][i], coordinates[1][j] … into loss[i, j, …], and
`LossLandscape.save` writes both arrays with numpy. All axes have equally many steps: it saves the coordinates as
one array, a row for each axis. It loads two axes or more.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from globscope.errors import FileError
from globscope.files.arrays import axis, lattice_samples, numbers, unsampled_landscape
from globscope.files.axes import lattice_array, lattice_axes
from globscope.files.plain import check_axes
from globscope.store import write_arrays
from globscope.values.landscape import Landscape


def read_landscaper(path: Path, arrays: Mapping[str, np.ndarray]) -> Landscape:
    """Return the landscape of landscaper's arrays.

    Raises:
        FileError: The arrays' shapes do not fit together.
    """
    loss = numbers(path, "loss", arrays["loss"])
    check_axes(path, "loss", loss)
    along = [axis(path, "coordinates", row) for row in np.atleast_2d(arrays["coordinates"])]
    if tuple(map(len, along)) != loss.shape:
        problem = f"'coordinates' of shape {arrays['coordinates'].shape} are not axes of a 'loss' of shape {loss.shape}"
        raise FileError(f"{path}: {problem}; expected a row for each axis")
    return unsampled_landscape(lattice_samples(along), {"loss": loss.ravel()})


def write_landscaper(path: Path, landscape: Landscape, field: str) -> None:
    """Write one field of a lattice; missing samples are NaN, and values that are not finite stay so.

    Raises:
        FileError: The format cannot hold this landscape.
    """
    along = lattice_axes(landscape.samples)
    sizes = {len(each) for each in along}
    if len(along) < 2 or len(sizes) > 1:
        size = " × ".join(str(len(each)) for each in along)
        raise FileError(f"landscaper's files have two axes or more with equally many steps, not {size}")
    write_arrays(
        path,
        {"loss": lattice_array(landscape.samples, landscape.fields[field], np.nan), "coordinates": np.stack(along)},
    )
