"""landscaper's .npz: `loss` on a lattice, and `coordinates` along each axis.

Its `compute_loss_landscape` puts the loss at coordinates[0][i], coordinates[1][j] … into loss[i, j, …], and
`LossLandscape.save` writes both arrays with numpy. All axes have equally many steps: it saves the coordinates as
one array, a row for each axis. It loads two axes or more.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from globscope.errors import FileError
from globscope.files.arrays import axis, landscape, lattice, numbers
from globscope.files.axes import axes, spread
from globscope.files.plain import check_axes
from globscope.store import write_arrays
from globscope.values.landscape import Landscape


def read(path: Path, arrays: Mapping[str, np.ndarray]) -> Landscape:
    """Return the landscape of landscaper's arrays.

    Raises:
        FileError: They do not fit one another.
    """
    loss = numbers(path, "loss", arrays["loss"])
    check_axes(path, "loss", loss)
    along = [axis(path, "coordinates", row) for row in np.atleast_2d(arrays["coordinates"])]
    if tuple(map(len, along)) != loss.shape:
        told = f"'coordinates' of shape {arrays['coordinates'].shape} are no axes of a 'loss' of shape {loss.shape}"
        raise FileError(f"{path}: {told}; expected a row for each axis")
    return landscape(lattice(along), {"loss": loss.ravel()})


def write(path: Path, scape: Landscape, field: str) -> None:
    """Write one field of a lattice; a place without a sample is NaN, and a value that is not finite stays so.

    Raises:
        FileError: landscaper has no such landscapes.
    """
    along = axes(scape.samples)
    sizes = {len(each) for each in along}
    if len(along) < 2 or len(sizes) > 1:
        told = " × ".join(str(len(each)) for each in along)
        raise FileError(f"landscaper's files have two axes or more with equally many steps, not {told}")
    write_arrays(path, {"loss": spread(scape.samples, scape.fields[field], np.nan), "coordinates": np.stack(along)})
