"""The demo's script, by its pieces: stages are replaced, and nothing of Ray is started."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("keyboard")
STUBS = """
source ./demo.sh
must_be_free() { :; }
start_ray() { sleep 600 & RAY_PID=$!; }
deploy() { echo deployed; }
running_jobs() { :; }
job() { "$@"; }
timeout() { :; }
python() {
  echo "$*" >>"$RAY_TMPDIR.said"
  case "$*" in
    *"$BREAKS"*) [ "$BREAKS" != nothing ] && { echo "I broke"; return 3; } ;;
  esac
  return 0
}
"""


@pytest.fixture
def demo(tmp_path):
    """Runs the script with a command that breaks; what it said, its status, and the commands that it ran."""

    def run(then="demo", breaks="nothing", **variables):
        environment = {
            **os.environ,
            "RAY_TMPDIR": str(tmp_path / "ray"),
            "LAKE": str(tmp_path / "lake"),
            "BREAKS": breaks,
            "REFRESH_S": "0.1",
            **variables,
        }
        environment = {name: value for name, value in environment.items() if value is not None}
        done = subprocess.run(
            ["bash", "-c", STUBS + then],
            cwd=HOUSE,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        said = tmp_path / "ray.said"
        commands = said.read_text().splitlines() if said.exists() else []
        return done.stdout + done.stderr, done.returncode, commands

    return run


ROUNDS = """
rounds=0
eval "real_$(declare -f round)"
round() { real_round; rounds=$((rounds + 1)); [ "$rounds" -lt 3 ] || kill -INT $$; }
demo
"""


def test_once_ends_with_0_where_all_went_well(demo, tmp_path):
    """Every stage is carried out, and nothing is left in the temporary folder."""
    said, status, commands = demo(ONCE="1")
    assert status == 0, said
    assert commands[-1].startswith("-m serving summary")
    assert not (tmp_path / "ray").exists()


@pytest.mark.parametrize(
    ("breaks", "name", "log"),
    [
        ("lakehouse history", "Its past, synthetic", "Its-past-synthetic.log"),
        ("--seconds 0", "Waiting for the page", "Waiting-for-the-page-and-the-first-camera.log"),
    ],
)
def test_a_stage_that_fails_before_the_page_is_up_ends_the_demo(demo, tmp_path, breaks, name, log):
    """Its name and its log are told, the log is kept, and no page is said to be up."""
    said, status, commands = demo(breaks=breaks)
    assert status == 1
    assert f"error: the stage '{name}" in said
    assert "I broke" in (tmp_path / "ray" / "logs" / log).read_text()
    assert not any("--seconds 200" in command for command in commands)
    assert "The page stays up" not in said


@pytest.mark.parametrize("breaks", ["--seconds 200", "lakehouse truth", "lakehouse check", "serving summary"])
def test_a_stage_that_fails_later_leaves_the_page_up(demo, breaks):
    """Its name is told, the other stages are carried out, and the lake is kept fresh until Ctrl-C."""
    said, status, commands = demo(ROUNDS, breaks=breaks)
    assert status == 0, said
    assert "The page stays up on http://127.0.0.1:8000/" in said
    assert sum("-m batch rollup --lake" in command for command in commands) >= 4
    assert any(command.startswith("-m serving summary") for command in commands)


def test_once_a_stage_that_fails_is_the_end(demo):
    """With ONCE the status is not 0, and the stage has its name."""
    said, status, commands = demo(breaks="forecasting run", ONCE="1")
    assert status == 1
    assert "error: the stage 'Forecasting crowd, traffic and tourism' failed" in said
    assert not any("summary" in command for command in commands)


def test_the_loop_survives_a_step_that_fails(demo):
    """It is told with its log, the other steps go on, and the next round tries again."""
    said, status, commands = demo(ROUNDS, breaks="forecasting unusual")
    assert status == 0
    assert said.count("error: unusual failed, and the next round tries again; what it said:") == 3
    assert sum(command.startswith("-m forecasting unusual") for command in commands) == 3


def test_the_loop_renews_the_forecasts_every_hour(demo):
    """The first round of an hour forecasts, the others do not."""
    hours = 'hour=10; date() { echo "$hour"; }\n' + ROUNDS.replace("real_round;", "real_round; hour=11;")
    said, _, commands = demo(hours)
    runs = [command for command in commands if command.startswith("-m forecasting run")]
    assert len(runs) == 2, said


def test_the_loop_waits_for_a_job_and_says_so_once(demo):
    """While somebody's job runs nothing is refreshed."""
    busy = """
ray_runs() { asked=$((${asked:-0} + 1)); [ "$asked" -lt 4 ] || kill -INT $$; }
running_jobs() { echo raysubmit_7; }
job() { "$@"; }
demo
"""
    said, status, commands = demo(busy)
    assert status == 0
    assert said.count("the lake is not refreshed while a job runs: raysubmit_7") == 1
    assert not any(command.startswith("-m forecasting unusual") for command in commands)


def test_the_folder_of_another_ray_is_left_alone(demo, tmp_path):
    """Of a temporary folder that was there before, only what the demo put into it goes."""
    (tmp_path / "ray" / "session_theirs").mkdir(parents=True)
    made = 'start_ray() { sleep 600 & RAY_PID=$!; mkdir "$RAY_TMPDIR/session_ours"; '
    made += 'ln -s "$RAY_TMPDIR/session_ours" "$RAY_TMPDIR/session_latest"; }\ndemo'
    said, status, _ = demo(made, ONCE="1")
    assert status == 0, said
    assert [path.name for path in (tmp_path / "ray").iterdir()] == ["session_theirs"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_the_script_is_sound():
    """Bash reads it without an error."""
    subprocess.run(["bash", "-n", "demo.sh"], cwd=HOUSE, check=True)
