import os
import subprocess
import sys

from config.process import runs


def test_this_process_and_its_parent_run() -> None:
    assert runs(os.getpid())
    assert runs(os.getppid())


def test_a_process_runs_until_it_has_ended_and_was_waited_for() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert runs(process.pid)
    process.communicate(b"\n")
    assert not runs(process.pid)


def test_a_zombie_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    os.kill(process.pid, 0)
    assert not runs(process.pid)
    process.wait()


def test_a_number_that_no_system_gives_is_not_taken_for_a_dead_process() -> None:
    assert runs(2**70)
