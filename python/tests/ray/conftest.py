"""A Ray cluster of two nodes on this machine, for tests that kill one of them."""

import os

import pytest

# Asked when Ray is loaded: nothing is reported to anyone.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
from ray.cluster_utils import Cluster

# Of each node; a machine with fewer cores shares them.
CPUS = 2


@pytest.fixture
def cluster():
    """Two nodes: the one the test itself is connected to, and a second one that it may remove."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": CPUS, "include_dashboard": False})
    cluster.second = cluster.add_node(num_cpus=CPUS)
    ray.init(address=cluster.address, log_to_driver=False)
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()
