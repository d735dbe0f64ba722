"""The workers on a cluster."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from globscope.api import PoolError, RemoteWorkers, pickle_for_worker
from globscope_ray.cluster import Cluster
from globscope_ray.payload import pack
from globscope_ray.ray_worker import RayWorker


class RayWorkers(RemoteWorkers[RayWorker]):
    """Actors that take one item after another."""

    unready = "{} workers of Ray in a row ended before they were ready ({})"

    def __init__(
        self,
        *,
        cluster: Cluster,
        threads: int,
        patience: float,
        pickled: Callable[..., bytes],
        working_dir: Path | None,
    ) -> None:
        """Start nothing yet.

        Args:
            cluster: Where they are.
            threads: Of the libraries that compute, in each of them.
            patience: Seconds to wait for the first.
            pickled: Returns the pickle of a value for them.
            working_dir: A folder that every machine gets a copy of.
        """
        super().__init__(cluster.count)
        self._cluster, self._threads, self._patience, self._pickled = cluster, threads, patience, pickled
        self._working_dir, self._since = working_dir, 0.0

    def new_worker(self, module: str) -> RayWorker:
        """Start an actor; Ray chooses the machine."""
        del module
        from globscope_ray.actor import Actor

        if not any(worker.is_ready for worker in self.started):
            self._since = monotonic()
        ray, folder = self._cluster.ray, None if self._working_dir else str(Path.cwd())
        kind = ray.remote(
            num_cpus=self._cluster.each["CPU"],
            num_gpus=self._cluster.each["GPU"],
            max_restarts=0,  # one that died is replaced here, where deaths are counted
            max_task_retries=0,
            scheduling_strategy="SPREAD",
            concurrency_groups={"reports": 1},
        )(Actor)
        return RayWorker(ray, kind.remote(self._threads, folder, sys.path))

    def with_news(self) -> list[RayWorker]:
        """Wait until workers have news, and return these.

        Raises:
            PoolError: None of them has started in time.
        """
        by_ref = {ref: worker for worker in self.started for ref in worker.pending}
        wait = self._cluster.ray.wait
        if any(worker.is_ready for worker in self.started):
            wait(list(by_ref))
        elif not wait(list(by_ref), timeout=max(0.0, self._since + self._patience - monotonic()))[0]:
            raise PoolError(
                f"no worker was ready after {self._patience:g} s (run.patience): each needs {self._cluster.needs}, "
                f"and Ray has {_free(self._cluster.ray.available_resources())} free"
            )
        arrived, _ = wait(list(by_ref), num_returns=len(by_ref), timeout=0)
        return list(dict.fromkeys(by_ref[ref] for ref in arrived))

    def job(self, prepare: Callable[[Any], Any], shared: Any) -> Any:
        """Return the reference of function and shared value, which every machine fetches once."""
        payload = pack((prepare, shared), "the work", self._pickled)
        return self._cluster.ray.put(payload)

    def item(self, item: Any) -> bytes:
        """Return an item as bytes."""
        return pickle_for_worker(item, str(item), self._pickled)


def _free(resources: dict[str, float]) -> str:
    return " and ".join(f"{resources.get(name, 0):g} {name}" for name in ("CPU", "GPU"))
