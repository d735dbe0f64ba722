"""Which workers see the files of a study, and what they say where they do not."""

import socket
from pathlib import Path

from globscope.errors import PoolError
from globscope.roles import PoolTraits, Workers, traits
from globscope.spec.study_spec import Spec
from globscope.workers import ThisProcess


def workers_on_files(spec: Spec, workers: Workers) -> Workers:
    """Return the workers for what is written to files: this process, where the pool's workers do not see its files."""
    shared = spec.run is None or traits(spec.run.component, PoolTraits).shares_files
    return workers if shared else ThisProcess()


def require_folder(folder: Path) -> None:
    """Refuse to write into a folder that this worker does not see.

    Raises:
        PoolError: The folder is not there.
    """
    if not folder.is_dir():
        raise PoolError(
            f"a worker on {socket.gethostname()} does not see {folder}: the run folder must lie on a file system that "
            "all workers share, under the same path, unless the pool has an option for workers that share no files"
        )
