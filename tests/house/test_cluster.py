"""The cluster that a city starts with `ray up cluster.yaml`, checked without a cluster."""

from pathlib import Path

import pytest
import yaml

HOUSE = Path(__file__).parents[2]
STARTS = ("head_start_ray_commands", "worker_start_ray_commands")


@pytest.fixture(scope="module")
def cluster():
    """cluster.yaml as the launcher understands it, with its own checks passed."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(yaml.safe_load((HOUSE / "cluster.yaml").read_text()))
    validate_config(prepared)
    return prepared


def _start(cluster, which):
    (command,) = [line for line in cluster[which] if " start " in line]
    return command


def test_the_launcher_takes_it(cluster):
    """The launcher accepts the file, and would start one head and every worker that is named."""
    assert cluster["provider"]["type"] == "local"
    (group,) = cluster["available_node_types"].values()
    assert group["min_workers"] == group["max_workers"] == len(cluster["provider"]["worker_ips"])


@pytest.mark.parametrize("which", STARTS)
def test_every_node_asks_for_the_token(cluster, which):
    """Nobody without the token can run anything: each start of Ray switches it on, and the file is sent."""
    assert "RAY_AUTH_MODE=token" in _start(cluster, which).partition("ray start")[0]
    assert "~/.ray/auth_token" in cluster["file_mounts"]


def test_the_head_computes_nothing(cluster):
    """The head coordinates: it has no CPUs and no GPUs to give, and its dashboard is not for others."""
    start = _start(cluster, "head_start_ray_commands")
    assert {"--num-cpus=0", "--num-gpus=0", "--dashboard-host=127.0.0.1"} <= set(start.split())


def test_workers_join_the_groups_that_the_city_places_its_deployments_in(cluster):
    """A machine is for streams or for batch, and the deployments that watch ask for those of streams."""
    start = _start(cluster, "worker_start_ray_commands")
    assert "GROUP=streams" in start
    assert "GROUP=batch" in start
    (app,) = yaml.safe_load((HOUSE / "serving" / "city.yaml").read_text())["applications"]
    placed = {one["name"]: one["ray_actor_options"].get("label_selector") for one in app["deployments"]}
    assert placed["Shard"] == placed["Detector"] == {"group": "streams"}
