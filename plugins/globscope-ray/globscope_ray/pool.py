"""The options of the pool `ray`."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

from attrs import define, field
from attrs.validators import and_, ge, gt, optional

from globscope.api import PROCESSES, PoolTraits, Workers, pickle_by_path, pickle_by_value
from globscope_ray.cluster import Cluster
from globscope_ray.ray_workers import RayWorkers


@define(frozen=True, kw_only=True)
class Ray:
    """Do work side by side on the machines of a Ray cluster, or in processes of this machine.

    Results are those of `here` with as many threads, to the last bit. A worker or a machine that dies costs the part at
    which it was, which is done again elsewhere.

    Attributes:
        address: Address of a running cluster: `auto` for the one that was started on this machine, `HOST:PORT` from one
            of its machines, `ray://HOST:PORT` from any other. If unset, Ray is started on this machine, and ends with
            the study.
        workers: Number of workers; if unset, as many as the cluster's CPUs and GPUs hold. A cluster that grows on
            demand needs it.
        threads: Threads of the libraries that compute, in every worker.
        cpus: CPUs that Ray reserves for a worker; if unset, as many as it has threads.
        gpus: GPUs that Ray reserves for a worker, which sees no others; 0.5 lets two workers share one.
        files: `shared` where workers see the files of this machine, as on a file system of a cluster. `sent` where they
            do not: networks are sent to them, and they score only.
        working_dir: With `files = "sent"`: a folder that is copied to every machine, such as that of the spec with its
            code and data. At most 500 MB.
        paths: Pairs of a folder of this machine and its path on the workers. A path that is not absolute is within the
            copy of `working_dir`.
        patience: Seconds to wait for the first worker, such as until a cluster has grown.
        dashboard: Whether a Ray that is started here has its dashboard, at http://127.0.0.1:8265.
    """

    address: str | None = None
    workers: int | None = field(default=None, validator=optional(and_(ge(1), PROCESSES)))
    threads: int = field(default=1, validator=and_(ge(1), PROCESSES))
    cpus: float | None = field(default=None, validator=optional(ge(0)))
    gpus: float = field(default=0.0, validator=ge(0))
    files: Literal["shared", "sent"] = "shared"
    working_dir: Path | None = None
    paths: tuple[tuple[str, str], ...] = ()
    patience: float = field(default=600.0, validator=gt(0))
    dashboard: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse options that contradict each other."""
        if self.working_dir is not None and self.files == "shared":
            raise ValueError("working_dir is for workers that see no files of this machine: files = 'sent'")

    @property
    def traits(self) -> PoolTraits:
        """How many workers there will be, and whether they see this machine's files."""
        return PoolTraits(workers=self.workers, threads=self.threads, shares_files=self.files == "shared")

    @contextmanager
    def open(self) -> Iterator[Workers]:
        """Yield workers, which start when there is work for them and end with the context."""
        pickled = pickle_by_path if self.files == "shared" else pickle_by_value
        copied = {} if self.working_dir is None else {str(self.working_dir.absolute()): "."}
        with Cluster(
            self.address, self.each, self.workers, working_dir=self.working_dir, dashboard=self.dashboard
        ) as cluster:
            workers = RayWorkers(
                cluster=cluster,
                threads=self.threads,
                patience=self.patience,
                pickled=partial(pickled, paths=copied | dict(self.paths)),
                working_dir=self.working_dir,
            )
            try:
                yield workers
            finally:
                workers.end()

    @property
    def each(self) -> dict[str, float]:
        """What Ray reserves for a worker, by the name of the resource."""
        return {"CPU": self.threads if self.cpus is None else self.cpus, "GPU": self.gpus}
