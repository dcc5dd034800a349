"""Rounds: a job that goes on until it is told to stop."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from batch.keeping import rounds

HOUSE = Path(__file__).parents[3]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_round_end(number):
    """The round that is running comes to its end, and no other one begins."""
    done = []

    def job():
        os.kill(os.getpid(), number)
        done.append("whole")

    before = signal.getsignal(number)
    rounds.every(60, job)
    assert done == ["whole"]
    assert signal.getsignal(number) is before


def test_a_failed_round_is_logged_and_tried_again(caplog):
    """An error costs one round, and says what it was."""
    tried = []

    def job():
        tried.append(1)
        if len(tried) == 1:
            raise OSError("the disk is gone")
        os.kill(os.getpid(), signal.SIGTERM)

    rounds.every(0, job)
    assert len(tried) == 2
    assert "the disk is gone" in caplog.text


def test_compaction_in_a_loop_says_a_line_a_round_and_ends_cleanly(lake, see):
    """`compact --every` takes in what landed, and SIGTERM ends it with status 0."""
    see("cam-a", [0])
    words = [sys.executable, "-m", "batch", "compact", "--lake", lake.root, "--every", "60"]
    loop = subprocess.Popen(words, cwd=HOUSE, stdout=subprocess.PIPE, text=True)
    line = loop.stdout.readline()
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(60) == 0
    assert "0 observations, 1 measures" in line
    assert loop.stdout.read() == ""
    loop.stdout.close()
