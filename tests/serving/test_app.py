"""The application as a whole: without Ray, and on a real cluster."""

import json
import os
import shutil
from datetime import timedelta
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import httpx
import pytest
import yaml
from pydantic import ValidationError

from lakehouse import clock
from lakehouse.city import cameras
from lakehouse.problem import BadLake, SmallCluster, UnknownCamera
from lakehouse.store import Lake
from lakehouse.synthetic import City

HOUSE = Path(__file__).parents[2]
YAMLS = sorted((HOUSE / "serving").glob("*.yaml"))
WATCHED = 2


@pytest.fixture
def synthetic(unwatched, tmp_path):
    """A lake with a few cameras of the synthetic city, that nobody has watched yet."""
    return Lake.open(shutil.copytree(unwatched.root, tmp_path / "lake"))


@pytest.fixture(scope="module")
def unwatched(tmp_path_factory):
    """What that lake is a copy of."""
    lake, city, now = Lake.create(tmp_path_factory.mktemp("app") / "lake"), City(7), clock.now()
    lake.replace("areas", city.areas.table())
    # At any time some are out.
    up = [one for one in city.cameras if not city.outages(one, now, now + timedelta(minutes=10))]
    cameras.register(lake, [city.cameras[one] for one in up[:WATCHED]])
    return lake


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A script that finds one person in every picture."""
    path = tmp_path_factory.mktemp("weights") / "script.script"
    path.write_text(json.dumps([[["person", 0.9, 0.4, 0.5, 0.5, 0.9]]]))
    card = {"name": "script", "engine": "scripted", "width": 640, "height": 384, "confidence": 0.3}
    card |= {"licence": "none", "files": {path.name: sha256(path.read_bytes()).hexdigest()}}
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


def build(**args):
    """The application of these arguments."""
    from serving import app

    return app.build(app.Args(**args))


def named(application):
    """The name of the deployment that an application begins with."""
    return application._bound_deployment.name


def bound(application):
    """Every application that is bound into another one."""
    inner = [one for one in application._bound_deployment.init_args if hasattr(one, "_bound_deployment")]
    return inner + [deeper for one in inner for deeper in bound(one)]


def hear_an_event(api, city, lake):
    """An event that this process lands comes through Serve's proxy to a listener."""
    with api.stream("GET", "/v1/events/live") as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": listening"
        event = city.event(1, at=clock.now())
        lake.landing.producer("shard-9").append({"events": city.event_rows(event)})
        told = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
    assert told["event_id"] == event.event_id


def wait_for_looks(lake):
    """The cameras that were looked at, once they all were."""
    from time import monotonic, sleep

    give_up = monotonic() + 90
    while monotonic() < give_up:
        seen = set(lake.read("looks", columns=["camera_id"], fresh=True)["camera_id"].to_pylist())
        if len(seen) == WATCHED:
            return seen
        sleep(0.2)
    return seen


def test_an_argument_that_there_is_not_is_refused():
    """A misspelt argument is an error that names it, and so is a value of the wrong type."""
    from serving.app import Args

    with pytest.raises(ValidationError, match="detecter"):
        Args(detecter="remote")
    with pytest.raises(ValidationError, match="fps"):
        Args(fps=0)


def test_what_cannot_work_is_refused_before_anything_starts(synthetic, tmp_path):
    """No lake, or a camera that the lake does not have, is told at once."""
    with pytest.raises(BadLake):
        build(lake=str(tmp_path))
    with pytest.raises(UnknownCamera, match="no-such"):
        build(lake=synthetic.root, cameras="no-such")


def test_a_cluster_that_is_too_small_is_told(synthetic, monkeypatch):
    """Instead of replicas that wait for CPUs for ever there is an error that says what to do."""
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 2.0})
    with pytest.raises(SmallCluster, match=r"2 CPUs.*3\.8.*--num-cpus"):
        build(lake=synthetic.root, least_cpus=3.8)


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.name)
class TestScaling:
    """The files that hold the scaling numbers."""

    def test_serve_takes_it(self, path):
        """Serve accepts the file, its arguments are ours, and nobody else reaches the API."""
        from ray.serve.schema import ServeDeploySchema

        from serving.app import Args

        config = ServeDeploySchema.model_validate(yaml.safe_load(path.read_text()))
        assert config.http_options.host == "127.0.0.1"
        (app,) = config.applications
        assert app.import_path == "serving.app:build"
        Args(**app.args)

    def test_its_deployments_are_ours(self, path, synthetic):
        """It sizes exactly the deployments that there are, and its policy can be made."""
        (app,) = yaml.safe_load(path.read_text())["applications"]
        made = build(lake=synthetic.root)
        names = {named(made)} | {named(one) for one in bound(made)}
        assert {one["name"] for one in app["deployments"]} == names
        policy = app["autoscaling_policy"]
        module, _, name = policy["policy_function"].partition(":")
        getattr(import_module(module), name)(**policy["policy_kwargs"])

    def test_a_cpu_is_left_for_a_job(self, path):
        """All replicas together leave one CPU of what the preflight asks for."""
        (app,) = yaml.safe_load(path.read_text())["applications"]
        asked = 0.0
        for one in app["deployments"]:
            most = one.get("autoscaling_config", {}).get("max_replicas", one.get("num_replicas"))
            asked += most * one["ray_actor_options"]["num_cpus"]
        assert asked + 1 <= app["args"]["least_cpus"] + 1e-9


@pytest.mark.slow
def test_the_whole_path_runs_without_a_cluster(synthetic, weights):
    """In one process: cameras are granted to the shard, found in by the detector, and land."""
    from ray import serve

    (shards,) = [
        one for one in bound(build(lake=synthetic.root, weights=weights, lease_s=1)) if named(one) == "Shard"
    ]
    handle = serve.run(shards, _local_testing_mode=True)
    assert len(wait_for_looks(synthetic)) == WATCHED
    handle.close.remote().result()
    assert synthetic.read("observations", fresh=True).num_rows


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A Ray cluster of one's own, with Serve's proxy on a free port."""
    import ray
    from ray import serve

    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", os.pathsep.join([str(HOUSE), os.environ.get("PYTHONPATH", "")]))
    patch.delenv("RAY_ADDRESS", raising=False)
    folder = tmp_path_factory.mktemp("ray", numbered=False)
    ray.init(
        address="local",
        num_cpus=4,
        include_dashboard=False,
        object_store_memory=150 * 2**20,
        log_to_driver=False,
        _temp_dir=str(folder),
    )
    yield
    serve.shutdown()
    ray.shutdown()
    patch.undo()


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_a_city_is_watched_on_a_cluster(city, synthetic, weights):
    """With the laptop's file: looks land, observations come from pixels, and the API answers for them."""
    from ray import serve
    from ray.serve._private.api import serve_start
    from ray.serve.schema import ServeDeploySchema

    config = yaml.safe_load((HOUSE / "serving" / "laptop.yaml").read_text())
    config["http_options"]["port"] = city.free_port()
    config["applications"][0]["args"] |= {"lake": synthetic.root, "weights": str(weights), "lease_s": 2}
    client = serve_start(http_options=config["http_options"], proxy_location="HeadOnly")
    client.deploy_apps(ServeDeploySchema.model_validate(config), _blocking=True)
    with httpx.Client(base_url=f"http://127.0.0.1:{config['http_options']['port']}", timeout=30) as api:
        assert len(wait_for_looks(synthetic)) == WATCHED
        health = api.get("/v1/health").json()
        assert health["cameras"] == {"total": WATCHED, "seen": WATCHED}
        assert api.get("/v1/hours?lvel=x").status_code == 422
        hear_an_event(api, city, synthetic)
    owners = serve.get_deployment_handle("Roster", "matakota").owners.remote().result(timeout_s=30)
    assert set(owners) == set(cameras.read(synthetic))
    assert synthetic.read("observations", fresh=True).num_rows
