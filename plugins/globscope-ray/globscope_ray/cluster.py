"""The Ray at which workers are: one that runs already, or one that is started on this machine."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, cached_property
from math import floor
from pathlib import Path
from secrets import token_hex
from typing import Any

from globscope.api import PoolError

LOCAL = "local"
# How the Ray that was imported here is protected, for as long as this process lasts: Ray reads that once.
_PROTECTION: dict[str, str] = {}


class Cluster:
    """Ray, joined or started when it is first needed; what was started here ends with the context.

    A Ray that this process uses already is used as it is.
    """

    def __init__(
        self,
        address: str | None,
        each: Mapping[str, float],
        wanted: int | None,
        *,
        working_dir: Path | None,
        dashboard: bool,
    ) -> None:
        """Start nothing yet.

        Args:
            address: Where Ray runs; None starts it here.
            each: What every worker needs, by the name of the resource.
            wanted: How many workers; None for as many as there is room for.
            working_dir: A folder that every machine gets a copy of.
            dashboard: Whether a Ray that is started here has one.
        """
        self.address, self.each, self._wanted = address, each, wanted
        self._working_dir, self._dashboard = working_dir, dashboard
        self._opened = ExitStack()

    def __enter__(self) -> "Cluster":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave Ray, and end it where it was started here."""
        self._opened.close()

    @cached_property
    def ray(self) -> Any:
        """The module of Ray, at work.

        Raises:
            PoolError: Ray cannot be joined or started.
        """
        self._opened.enter_context(_environment(is_own=self.address is None))
        import ray

        if ray.is_initialized() and self._working_dir:
            raise PoolError("this process uses Ray already, so that run.working_dir cannot be copied any more")
        if not ray.is_initialized():
            self._opened.enter_context(_ray_at_work(self.address or LOCAL, self._options()))
        return ray

    def _options(self) -> dict[str, Any]:
        environment = {"runtime_env": {"working_dir": str(self._working_dir)}} if self._working_dir else {}
        if self.address is not None:
            return environment
        gpus = {"num_gpus": floor(self.count * self.each["GPU"])} if self.each["GPU"] and self._wanted else {}
        return {
            "num_cpus": max(1, floor(self.count * self.each["CPU"])),
            "include_dashboard": self._dashboard,
            "_node_ip_address": "127.0.0.1",
            "_temp_dir": self._opened.enter_context(_folder()),
            **gpus,
            **environment,
        }

    @cached_property
    def count(self) -> int:
        """How many workers there will be.

        Raises:
            PoolError: There is no room for one.
        """
        if self._wanted is not None:
            return self._wanted
        if self.address is None and not self.each["GPU"]:
            return max(1, floor(_cores() / self.each["CPU"])) if self.each["CPU"] else _cores()
        if self.address is None:
            return _own_cards(self.each["GPU"])
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        found = sum(self._room(node) for node in nodes)
        if not found:
            where, room = f"the Ray at {self.address}", f"a worker with {self.needs}"
            raise PoolError(f"{where} has no room for {room}; if it grows on demand, set run.workers")
        return found

    def _room(self, node: Mapping[str, float]) -> int:
        """Return how many workers one machine holds."""
        wanted = {name: amount for name, amount in self.each.items() if amount}
        return min((floor(node.get(name, 0) / amount) for name, amount in wanted.items()), default=_cores())

    @property
    def needs(self) -> str:
        """What a worker needs, for messages."""
        return " and ".join(f"{amount:g} {name}" for name, amount in self.each.items() if amount) or "nothing"


def _own_cards(each: float) -> int:
    import torch

    cards = torch.cuda.device_count()
    if cards < each:
        raise PoolError(f"this machine has {cards} GPUs, and run.gpus asks for {each:g} for a worker")
    return floor(cards / each)


@contextmanager
def _ray_at_work(address: str, options: Mapping[str, Any]) -> Iterator[None]:
    """Join or start Ray, quietly, and leave it."""
    import ray

    before = signal.getsignal(signal.SIGTERM)  # which Ray replaces
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False, **options)
    except Exception as error:
        hint = "; install 'ray[client]'" if isinstance(error, ImportError) else ""
        text = str(error).strip().partition("\n")[0]
        raise PoolError(f"Ray at {address!r} cannot be used: {type(error).__name__}: {text}{hint}") from error
    with suppress(ValueError):  # another thread than the main one, where Ray replaced nothing
        signal.signal(signal.SIGTERM, before)
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _environment(*, is_own: bool) -> Iterator[None]:
    """Have Ray send no statistics, write no token to the home folder and print nothing, unless it is set otherwise.

    At the end the variables are what they were, those that Ray set too.
    """
    before = dict(os.environ)
    wanted = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "120", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}
    if is_own:  # only the processes of this study may use it; without a token, Ray may write one to the home folder
        wanted |= {"RAY_AUTH_TOKEN": _token()}
    if "ray" not in sys.modules:  # else it has read already how it is protected
        _PROTECTION["RAY_AUTH_MODE"] = "token" if is_own else "disabled"
    try:
        for name, value in (wanted | _PROTECTION).items():
            os.environ.setdefault(name, value)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@cache
def _token() -> str:
    return token_hex(32)


@contextmanager
def _folder() -> Iterator[str]:
    """Yield a folder for the files of a Ray of ours; its path must be short, for it has sockets."""
    folder = tempfile.mkdtemp(prefix="gs-ray-", dir="/tmp" if os.name == "posix" else None)  # noqa: S108 - made by us alone
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
