"""Several services on one bucket: one has it, whatever is killed, stopped or wrong with the clocks."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.jobs.lease import KEY as LEASE
from orchestrator.jobs.lease import Holder, LeaseClient
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Status, new_songs
from orchestrator.songs.ownership import this_process
from storage.contract import read
from tests.hostile.figures import resisted
from tests.hostile.leased import RENEWAL_S
from tests.orchestrator.test_bucket import settings
from tests.orchestrator.test_cli import songwright
from tests.service.server import Server, ended
from tests.service.test_generation import ASYNC, describe
from tests.storage.s3 import S3, s3_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

SLOW = {"SONGWRIGHT_MUSIC__ENGINE": "tests.hostile.leased:Composer", "SONGWRIGHT_SHUTDOWN_GRACE_S": "0"}
LAPSE_S = 2 * RENEWAL_S


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    """With a clock that is an hour ahead."""
    with s3_server(ahead_s=3600.0) as running:
        yield running


class Machine(Server):
    """``songwright serve`` on a machine of its own, with a folder of its own, over the bucket."""

    def __init__(self, folder: Path, name: str, s3: S3, bucket: str, **variables: str) -> None:
        here = settings(s3, bucket) | SLOW | {"TEST_MACHINE": name} | variables
        super().__init__(folder / name, **here)
        self._command = [sys.executable, "-m", "tests.hostile.leased"]

    def start(self, *, ready: bool = False, take_over: bool = False) -> None:
        self._variables["TEST_ARGUMENTS"] = "--take-over" if take_over else ""
        super().start(ready=ready)

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def refused(self) -> str:
        """What it says while it does not start."""
        with pytest.raises(AssertionError):
            self.start()
        assert self.process
        assert self.process.wait(10) == 1
        return self.said

    def exit_code(self) -> int:
        assert self.process
        code = self.process.wait(15)
        self._reader.join(timeout=10)
        return code


@contextmanager
def machines(tmp_path: Path, s3: S3, **variables: str) -> Iterator[tuple[Machine, Machine, Library]]:
    bucket = s3.new_bucket()
    first = Machine(tmp_path, "first", s3, bucket, **variables)
    second = Machine(tmp_path, "second", s3, bucket, **variables)
    try:
        yield first, second, Library(s3.store(bucket))
    finally:
        for machine in (first, second):
            if machine.process and machine.process.poll() is None:
                machine.process.send_signal(signal.SIGCONT)
                machine.kill()


def asked(machine: Machine) -> str:
    with machine.client() as client:
        answer = client.post("/generate-from-description", json=describe(audio_duration=5), headers=ASYNC)
        return str(answer.raise_for_status().json()["id"])


def composing(library: Library, song_id: str) -> None:
    until = time.monotonic() + 15.0
    while library.load(song_id).status is not Status.COMPOSING:
        assert time.monotonic() < until
        time.sleep(0.05)


def holder(library: Library) -> dict[str, Any]:
    lease: dict[str, Any] = json.loads(read(library.store, LEASE))
    return lease


def made_once(machine: Machine, library: Library, song_id: str) -> None:
    with machine.client() as client:
        song = ended(client, song_id)
    assert song["status"] == "done", song["error"]
    assert [moment["status"] for moment in song["history"]].count("done") == 1
    stored = library.load(song_id)
    for asset in stored.assets.values():
        assert library.store.stat(asset.key).size_bytes == asset.size_bytes
    assert not list(library.store.list("open/"))


@pytest.mark.long
def test_a_second_service_is_refused_and_a_stopped_one_leaves_the_bucket_at_once(
    s3: S3, tmp_path: Path
) -> None:
    with machines(tmp_path, s3) as (first, second, library):
        first.start()
        began = time.monotonic()
        said = second.refused()
        refused_s = time.monotonic() - began
        assert (
            "the bucket is that of songwright serve on first, which makes its songs - stop that one" in said
        )
        assert "songwright serve --take-over" in said
        assert "Traceback" not in said
        song_id = asked(first)
        composing(library, song_id)
        # The command line leaves to a service what that takes up, and its own songs are its own.
        resumed = songwright(tmp_path, "resume", variables=settings(s3, first._variables["R2_BUCKET_NAME"]))
        assert "Nothing to resume" in resumed.stdout, resumed.stderr
        assert first.stop() == 0
        assert holder(library)["holder"] == ""
        second.lines.clear()
        began = time.monotonic()
        second.start()
        taken_s = time.monotonic() - began
        assert "taken over" not in second.said
        made_once(second, library, song_id)
        assert second.slow == []
    resisted(
        "a second service on one bucket",
        limit="a lease, renewed every 45 s",
        figure=f"refused within {refused_s:.1f} s of its start, that of Python included; "
        f"after a stop the next serves in {taken_s:.1f} s",
    )


@pytest.mark.long
def test_a_killed_services_bucket_is_taken_over_once_it_has_been_silent(s3: S3, tmp_path: Path) -> None:
    """By a machine whose clock is two hours behind that of the bucket."""
    with machines(tmp_path, s3) as (first, second, library):
        first.start()
        song_id = asked(first)
        composing(library, song_id)
        first.kill()
        began = time.monotonic()
        second._variables["TEST_CLOCK_S"] = "-3600"
        second.start()
        over_s = time.monotonic() - began
        assert (
            "The bucket was that of songwright serve on first: it is taken over if nothing is" in second.said
        )
        assert over_s > LAPSE_S
        made_once(second, library, song_id)
        second.kill()
        began = time.monotonic()
        second.start()
        back_s = time.monotonic() - began
        assert second.said.count("The bucket was that of") == 1  # its own it takes at once
    resisted(
        "the holder of a bucket killed, the bucket's clock an hour ahead, the next one's an hour behind",
        limit="taken over after two renewals missed, 90 s by the watcher's own clock; by itself at once",
        figure=f"{over_s:.1f} s with renewals of {RENEWAL_S:g} s, itself {back_s:.1f} s, the start of Python "
        "included; its song is done once",
    )


@pytest.mark.long
def test_a_paused_service_finds_that_it_has_lost_the_bucket_and_writes_nothing_more(
    s3: S3, tmp_path: Path
) -> None:
    with machines(tmp_path, s3) as (first, second, library):
        first.start()
        made = asked(first)
        composing(library, made)
        assert first.process
        first.process.send_signal(signal.SIGSTOP)
        second.start()
        with second.client() as client:
            song = ended(client, made)
        waits = new_songs(Brief(description="accepted too late", duration_s=5.0), owner=this_process())[0]
        ours = this_process(service=True).model_copy(update={"host": "first"})
        library.save(waits.model_copy(update={"owner": ours}))  # as by the first, before it finds out
        before = library.store.version(f"songs/{made}/song.json")
        began = time.monotonic()
        first.process.send_signal(signal.SIGCONT)
        assert first.exit_code() == 1
        found_s = time.monotonic() - began
        assert "the bucket is that of songwright serve on second now" in first.said
        assert library.store.version(f"songs/{made}/song.json") == before
        assert song["status"] == "done"
        made_once(second, library, waits.id)
        made_once(second, library, made)
        assert second.slow == []
    resisted(
        "a service paused in mid-song for longer than its lease",
        limit="manifests are written over the version before; it ends once a renewal fails",
        figure=f"ends {found_s:.1f} s after it goes on; the song is done once, by the other",
    )


def test_a_bucket_of_a_deployment_or_of_a_live_service_is_taken_by_command_alone(
    s3: S3, tmp_path: Path
) -> None:
    with machines(tmp_path, s3) as (first, _, library):
        deployment = LeaseClient(library.store, Holder("modal di-1", "the deployment 'songwright' on Modal"))
        assert deployment.acquire() is None
        assert "the deployment 'songwright' on Modal, which makes its songs" in first.refused()
        first.start(take_over=True)
        other = deployment.acquire()
        assert other
        assert other.name == "songwright serve on first"
        assert deployment.acquire(force=True) is None
        began = time.monotonic()
        assert first.exit_code() == 1
        ended_s = time.monotonic() - began
        assert "to take the bucket back: songwright serve --take-over" in first.said
    resisted(
        "a deployment's bucket, and a live service's",
        limit="theirs until --take-over",
        figure=f"refused at once; who has lost it by command ends with code 1, {ended_s:.1f} s later",
    )
