"""A cluster of two machines on the loopback, for all tests; and what the workers on it import."""

import os
import warnings
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent.parent
ROOT = PLUGIN.parent.parent
PATH = os.pathsep.join(map(str, (ROOT, ROOT / "tests", PLUGIN)))


@pytest.fixture(scope="session")
def two_machines():
    """Ray with two machines of four CPUs and a GPU each, as Ray counts them, which this process has joined."""
    before = dict(os.environ)
    os.environ |= {"PYTHONPATH": PATH, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    os.environ |= {"RAY_raylet_start_wait_time_s": "120", "OMP_NUM_THREADS": "1", "RAY_memory_monitor_refresh_ms": "0"}
    os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"] = "."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster_utils = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed")
        import ray

        cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=MACHINE)
        cluster.add_node(**MACHINE)
        ray.init(address=cluster.address, log_to_driver=False, configure_logging=False)
        yield cluster
        ray.shutdown()
        cluster.shutdown()
    os.environ.clear()
    os.environ |= before


MACHINE = {"num_cpus": 4, "num_gpus": 1, "include_dashboard": False, "object_store_memory": 100 * 2**20}
