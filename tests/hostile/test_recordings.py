"""Recordings that are none, through the service: refused or read, never an error of ours, in bounded memory
and time."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from music.sources.decode import CPU_S, MEMORY_BYTES
from tests.hostile.bad_recordings import BOMBS, damaged, whole
from tests.hostile.figures import resisted
from tests.hostile.hanging import sent
from tests.long import short_if, soak_after
from tests.music.recordings import file_of, tone
from tests.service.server import Server, alive, children, serving

PATH = "/audio?rights=mine"
READ, REFUSED = (200, 201), (413, 415, 422)
FEW, MANY = 60, 2_000
MOST_GROWN_BYTES = 120_000_000
"""Of the service: what is kept of the longest recording, once, and what is around it."""
LONGEST_S = 8.0
SHOWN = (
    "3 hours of silence in FLAC",
    "8 channels of 384 kHz for 60 s",
    "a million chunks",
    "20 MB of frames that are none",
)
"""In the table: one of each sort."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), timed=True, SONGWRIGHT_SOURCE_LIMIT="10000") as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


def memory(pid: int, name: str) -> int:
    """In bytes (proc(5), status)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith(f"{name}:")))


def cpu_s(pid: int) -> float:
    """What the process has used (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def decoders(server: Server) -> list[int]:
    assert server.process
    pids = children(server.process.pid)
    return [pid for pid in pids if b"music.sources.decode" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def send(client: httpx.Client, data: bytes) -> httpx.Response:
    return client.post(PATH, content=data)


@pytest.mark.parametrize("count", soak_after(1, [FEW, MANY]))
def test_damaged_files_are_refused_or_read(server: Server, client: httpx.Client, count: int) -> None:
    assert server.process
    good = whole()
    assert {send(client, data).status_code for data in good.values()} <= {200, 201}
    before = memory(server.process.pid, "VmRSS")
    answers: Counter[int] = Counter()
    slowest_s = peak = 0.0
    began = time.monotonic()
    for number in range(count):
        name, data = damaged(number)
        sent_s = time.monotonic()
        answer = send(client, data)
        slowest_s = max(slowest_s, time.monotonic() - sent_s)
        assert answer.status_code in (*READ, *REFUSED), f"{number}, {name}: {answer.text}"
        if answer.status_code in REFUSED:
            problem = answer.json()
            assert problem["field"] == "audio", f"{number}, {name}: {answer.text}"
            assert "\n" not in problem["detail"]
        answers[answer.status_code] += 1
        if number % 20 == 0:
            peak = max([peak, *(memory(pid, "VmPeak") for pid in decoders(server))])
    grown = memory(server.process.pid, "VmHWM") - before
    read = sum(answers[status] for status in READ)
    assert 0 < read < count
    assert peak <= MEMORY_BYTES
    assert grown < MOST_GROWN_BYTES
    assert slowest_s < LONGEST_S
    assert server.slow == []
    assert send(client, good["FLAC"]).status_code == 200
    if count < MANY:
        return
    resisted(
        "2,000 files that are damaged, cut, lying or mislabelled, sent as recordings",
        limit=f"decoded in a process of {MEMORY_BYTES / 1e9:.1f} GB, {CPU_S:g} s of CPU each",
        figure=f"{read:,} read, {count - read:,} refused, none failed; {time.monotonic() - began:.0f} s; the "
        f"service grew by {grown / 1e6:.0f} MB, the decoder has {peak / 1e9:.2f} GB of addresses",
    )


@pytest.mark.parametrize("name", short_if(SHOWN.__contains__, BOMBS))
def test_a_bomb_is_refused_or_read_in_little_time_and_memory(
    server: Server, client: httpx.Client, name: str
) -> None:
    assert server.process
    data = BOMBS[name]()
    before = memory(server.process.pid, "VmRSS")
    began = time.monotonic()
    answer = send(client, data)
    took_s = time.monotonic() - began
    assert answer.status_code in (*READ, *REFUSED), answer.text
    assert took_s < LONGEST_S
    assert memory(server.process.pid, "VmRSS") - before < MOST_GROWN_BYTES
    peaks = [memory(pid, "VmPeak") for pid in decoders(server)]
    assert all(peak <= MEMORY_BYTES for peak in peaks)
    assert server.slow == []
    if name not in SHOWN:
        return
    resisted(
        "WAV, FLAC, MP3, Ogg and M4A bombs: hours, channels, chunks, tags, streams, zeros",
        limit="600 s, 8 channels; decoded piece by piece",
        figure=f"{name}: {len(data) / 1e6:.1f} MB, {answer.status_code} in {took_s:.2f} s",
    )


def test_a_file_larger_than_any_is_refused_before_it_has_arrived(
    server: Server, client: httpx.Client
) -> None:
    assert server.process
    before = memory(server.process.pid, "VmHWM")
    answer = client.post(PATH, content=bytes(200_000_000))
    assert answer.status_code == 413
    grown = memory(server.process.pid, "VmHWM") - before
    assert grown < MOST_GROWN_BYTES
    resisted(
        "a recording of 200 MB",
        limit="`SONGWRIGHT_AUDIO_LIMIT_BYTES`, counted while it arrives; on the disk from 1 MB on",
        figure=f"413; {grown / 1e6:.0f} MB of memory",
    )


def busy(server: Server) -> int:
    """The decoder's id, once it works on a recording."""
    before = {pid: cpu_s(pid) for pid in decoders(server)}
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for pid in decoders(server):
            if cpu_s(pid) > before.get(pid, 0.0) + 0.2:
                return pid
        time.sleep(0.01)
    raise AssertionError("no recording is being decoded")


def test_recordings_whose_clients_have_gone_are_decoded_no_further(
    server: Server, client: httpx.Client
) -> None:
    bomb, new = BOMBS["8 channels of 384 kHz for 60 s"](), file_of(tone(1.3), format_="MP3")
    waiting = [sent(client.build_request("POST", PATH, content=bomb + bytes(n))) for n in range(1, 7)]
    busy(server)
    for connection in waiting:
        connection.close()
    began = time.monotonic()
    while (answer := send(client, new)).status_code == 429:
        continue
    waited_s = time.monotonic() - began
    assert answer.status_code in READ
    assert waited_s < 5.0
    resisted(
        "6 recordings that take long to decode, their clients gone",
        limit="decoding ends with its client",
        figure=f"the next recording kept after {waited_s:.1f} s",
    )


def test_a_recording_being_decoded_keeps_no_service_from_stopping(
    server: Server, client: httpx.Client
) -> None:
    bomb = BOMBS["8 channels of 384 kHz for 60 s"]()
    waiting = sent(client.build_request("POST", PATH, content=bomb + bytes(7)))
    pid = busy(server)
    began = time.monotonic()
    assert server.stop(signal.SIGTERM) == 0
    stopped_s = time.monotonic() - began
    answer = waiting.recv(5000)
    waiting.close()
    assert b" 503 " in answer
    assert not alive(pid)
    assert stopped_s < 5.0
    resisted(
        "SIGTERM while a recording is decoded",
        limit="its decoder is killed",
        figure=f"stopped in {stopped_s:.1f} s",
    )
