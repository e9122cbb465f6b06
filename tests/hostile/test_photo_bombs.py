"""Photos that are made to hold or to break their decoder."""

from __future__ import annotations

import resource
import select
import signal
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image

from config.errors import InvalidRequest
from orchestrator.pipeline.inputs.decoding import MOST_WAITING, Decoder
from orchestrator.pipeline.inputs.photos import PHOTOS
from tests.hostile import bombs
from tests.hostile.figures import resisted
from tests.hostile.hanging import sent
from tests.service.server import Server, alive, children, serving
from vision.decode import CPU_S
from vision.photo import kept_photo

PATH = "/generate-from-image"


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(PHOTOS) as warm:
        warm.decode(bombs.file_of(bombs.photo(64, 64), "PNG"))
        yield warm


def cpu_s(decoder: Decoder) -> float:
    """What the decoder's process has used (proc(5), stat)."""
    process = decoder._process
    assert process
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    # JPEG
    "scans": (lambda: bombs.scans(2000, 2000, 370_000), "more than 50 scans"),
    "comments": (lambda: bombs.segments(b"\xfe", 2_000_000), "more than 5,000 segments"),
    "tables": (lambda: bombs.segments(b"\xc4", 2_000_000), "more than 5,000 segments"),
    "fill bytes": (lambda: bombs.filled(9_000_000), "damaged"),
    "restarts": (lambda: bombs.restarts(4_500_000), ""),
    "exif": (lambda: bombs.exif(65_535), ""),
    # PNG
    "empty IDAT": (lambda: bombs.chunks(b"IDAT", b"", 800_000), "more than 30,000 chunks"),
    "texts": (lambda: bombs.chunks(b"tEXt", b"a\0", 700_000), "more than 30,000 chunks"),
    "text bombs": (lambda: bombs.chunks(b"zTXt", b"a\0\0" + deflated(1_000_000), 500), "damaged"),
    "profile bomb": (lambda: bombs.chunks(b"iCCP", b"a\0\0" + deflated(100_000_000), 1), "damaged"),
    # Animations: the first frame alone is decoded.
    "frames, WebP": (lambda: bombs.animated("WEBP", 2_000), ""),
    "frames, PNG": (lambda: bombs.animated("PNG", 2_000), ""),
}


SHOWN = ("scans", "fill bytes", "empty IDAT", "text bombs")
"""In the table: one of each sort."""


def deflated(size: int) -> bytes:
    return zlib.compress(b"x" * size, 9)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_or_decoded_in_little_time(decoder: Decoder, name: str) -> None:
    make, says = BOMBS[name]
    data = make()
    before = cpu_s(decoder)
    if says:
        with pytest.raises(InvalidRequest, match=says):
            decoder.decode(data)
    else:
        assert decoder.decode(data).startswith(b"\x89PNG")
    used_s = cpu_s(decoder) - before
    assert used_s < 2.0
    if name in SHOWN:
        resisted(
            "JPEG, PNG and WebP bombs: scans, segments, fill bytes, chunks, texts, profiles, frames",
            limit="50 scans, 5,000 segments, 30,000 chunks, counted before decoding",
            figure=f"{name}: {len(data) / 1e6:.1f} MB, {used_s:.2f} s of CPU",
        )


def test_a_photo_that_takes_long_is_killed_at_its_limit_and_the_next_is_decoded() -> None:
    with Decoder(replace(PHOTOS, cpu_s=0.1)) as decoder:
        began = time.monotonic()
        bomb = bombs.interlaced(*bombs.LARGE)
        # The system counts whole seconds of the process: a quick machine decodes one photo or two in one.
        with pytest.raises(InvalidRequest, match=r"more than 0\.1 s to decode"):
            [decoder.decode(bomb) for _ in range(4)]
        took_s = time.monotonic() - began
        assert decoder.decode(bombs.file_of(bombs.photo(64, 64), "PNG")).startswith(b"\x89PNG")
    assert took_s < 9.0
    resisted(
        "a PNG of 50 million transparent pixels in seven passes, 0.2 MB",
        limit=f"{CPU_S:g} s of CPU a photo, held by the system (here 1 s at most)",
        figure=f"killed after {took_s:.1f} s, the next photo decoded",
    )


def test_a_photo_that_wants_more_memory_than_there_is_is_refused() -> None:
    data = bombs.file_of(Image.new("P", bombs.LARGE), "PNG", transparency=0)
    with Decoder(replace(PHOTOS, memory_bytes=600_000_000)) as decoder:
        with pytest.raises(InvalidRequest, match=r"too much memory|damaged"):
            decoder.decode(data)
        process = decoder._process
        assert process
        assert decoder.decode(bombs.file_of(bombs.photo(64, 64), "PNG")).startswith(b"\x89PNG")
        assert decoder._process is process
        peak = int(next(
            line.split()[1] for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
            if line.startswith("VmPeak")
        ))  # fmt: skip
    assert peak * 1024 <= 600_000_000
    resisted(
        "a palette with transparency, 50 million pixels",
        limit="1.5 GB of addresses, held by the system (here 0.6 GB)",
        figure=f"refused at {peak / 1e6:.2f} GB",
    )


def test_the_largest_photos_that_may_be_fit_into_the_limits(decoder: Decoder) -> None:
    before = cpu_s(decoder)
    assert decoder.decode(bombs.interlaced(*bombs.LARGE)).startswith(b"\x89PNG")
    assert cpu_s(decoder) - before < CPU_S / 2


def test_a_photo_cut_short_anywhere_never_breaks_the_decoder(decoder: Decoder) -> None:
    process = decoder._process
    for kind in ("PNG", "JPEG", "WEBP"):
        data = bombs.file_of(bombs.photo(64, 64), kind)
        for end in range(0, len(data), max(1, len(data) // 60)):
            with suppress(InvalidRequest):  # a JPEG without its last bytes is whole enough
                assert decoder.decode(data[:end]).startswith(b"\x89PNG")
    assert decoder._process is process


def test_a_process_costs_a_photo_little(decoder: Decoder) -> None:
    data = bombs.file_of(bombs.photo(800, 600), "JPEG")

    def used_s() -> float:
        own = resource.getrusage(resource.RUSAGE_SELF)
        return own.ru_utime + own.ru_stime

    ratios = []
    for _ in range(3):
        before, before_child = used_s(), cpu_s(decoder)
        decoder.decode(data)
        apart_s, before = used_s() - before + cpu_s(decoder) - before_child, used_s()
        kept_photo(data)
        ratios.append(apart_s / (used_s() - before))
    assert min(ratios) < 1.3


# Through the service.

SLOW_PHOTO = bombs.interlaced(*bombs.LARGE)
"""Two seconds of CPU."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), timed=True) as running:
        yield running


def request(client: httpx.Client, data: bytes) -> httpx.Request:
    fields = {"audio_duration": "5", "instrumental": "true"}
    return client.build_request("POST", PATH, data=fields, files={"image": ("a.jpg", data)})


def decoders(server: Server) -> list[int]:
    assert server.process
    pids = children(server.process.pid)
    return [pid for pid in pids if b"vision.decode" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def busy(server: Server) -> int:
    """The decoder's id, once it works on a photo."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for pid in decoders(server):
            if int(Path(f"/proc/{pid}/statm").read_text().split()[1]) > 30_000:  # pages: over 120 MB
                return pid
        time.sleep(0.01)
    raise AssertionError("no photo is being decoded")


def test_photos_whose_clients_have_gone_are_decoded_no_further(server: Server) -> None:
    with server.client() as client:
        waiting = [sent(request(client, SLOW_PHOTO)) for _ in range(8)]
        busy(server)
        for connection in waiting:
            connection.close()
        began = time.monotonic()
        answer = client.send(request(client, bombs.file_of(bombs.photo(640, 480), "JPEG")))
        waited_s = time.monotonic() - began
    assert answer.status_code == 200, answer.text
    assert waited_s < 5.0
    assert server.slow == []
    resisted(
        "8 photos of 2 s of CPU, their clients gone",
        limit="decoding ends with its client",
        figure=f"the next photo's song done in {waited_s:.1f} s",
    )


def test_photos_beyond_those_that_may_wait_are_refused(server: Server) -> None:
    with server.client() as client:
        waiting = [sent(request(client, SLOW_PHOTO)) for _ in range(MOST_WAITING + 6)]
        until = time.monotonic() + 3
        while len(ready := select.select(waiting, [], [], 0.1)[0]) < 5 and time.monotonic() < until:
            time.sleep(0.01)
        full = [connection.recv(5000).decode() for connection in ready]
        for connection in waiting:
            connection.close()
        assert client.get("/health").status_code == 200
    full = [answer for answer in full if " 429 " in answer]
    assert 3 <= len(full) <= 5
    assert all("retry-after: " in answer.lower() for answer in full)
    assert server.slow == []
    resisted(
        "22 such photos at once",
        limit=f"{MOST_WAITING} wait, then 429 with Retry-After",
        figure=f"{len(full)} refused at once",
    )


def test_a_photo_being_decoded_keeps_no_service_from_stopping(server: Server) -> None:
    with server.client() as client:
        waiting = sent(request(client, SLOW_PHOTO))
        pid = busy(server)
        began = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
        stopped_s = time.monotonic() - began
        answer = waiting.recv(5000)
        waiting.close()
    assert b" 503 " in answer
    assert not alive(pid)
    assert stopped_s < 5.0
    assert server.slow == []
    resisted(
        "SIGTERM while a photo is decoded",
        limit="its decoder is killed",
        figure=f"stopped in {stopped_s:.1f} s",
    )
