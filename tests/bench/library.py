"""What a library of any size costs to read: pages, search, quotes, sums and the start of a service.

    python -m tests.bench.library FOLDER [SONGS ...]       a folder; by default with 1,000 and 100,000
    python -m tests.bench.library --bucket [SONGS ...]     a bucket that answers after 40 ms (``slow_bucket``)

Nothing is composed: the songs are manifests, a hundred thousand a month, written as they would be stored. A
library that is there already is used again. A million in a folder take 8 GB and some minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from orchestrator.songs.index.folder import FolderIndex
from orchestrator.songs.library import Library
from storage.local import LocalStore
from tests.bench.manifests import Manifests
from tests.bench.slow_bucket import slow_bucket
from tests.service.server import TOKEN, serving

RUNS = 15
LATENCY_S = 0.04
MOST_READ, MOST_READ_BUCKET = 100_000, 1_000
"""Of larger libraries the index is not built from the songs, but written as that would have."""
LIMITS_MS = {"page": (50.0, 300.0), "search": (50.0, 300.0), "quote": (20.0, 20.0)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--bucket", action="store_true")
    arguments.add_argument("--unfinished", type=int, default=0, help="so many of them wait to be made")
    arguments.add_argument("places", nargs="*", help="FOLDER (not with --bucket), then numbers of songs")
    given = arguments.parse_args()
    folder = None if given.bucket else Path(given.places.pop(0))
    for count in [int(text.replace(",", "")) for text in given.places] or [1_000, 100_000]:
        if folder and given.unfinished:
            home = folder / f"{count}-{given.unfinished}"
            shutil.rmtree(home, ignore_errors=True)
            Manifests(count, unfinished=given.unfinished).write(home)
            start(home, count, {}, given.unfinished)
        elif folder:
            in_folder(folder / str(count), count)
        else:
            in_bucket(count, given.unfinished)


def in_folder(home: Path, count: int) -> None:
    began = time.monotonic()
    if not (home / "songs").exists():
        Manifests(count).write(home)
        say(count, "the songs were written", time.monotonic() - began)
    if count > MOST_READ:
        began = time.monotonic()
        library = Library(LocalStore(home))
        assert isinstance(library.index, FolderIndex)
        library.index.look()
        say(count, "the folder was looked through", time.monotonic() - began)
        Manifests(count).fill(library.index.table)
        library.index.close()
    measure(home, count, {}, bucket=False)


def in_bucket(count: int, unfinished: int) -> None:
    with slow_bucket(
        Manifests(count, unfinished=unfinished), LATENCY_S, indexed=count > MOST_READ_BUCKET
    ) as (
        endpoint,
        home,
    ):
        variables = {
            "SONGWRIGHT_STORE": "r2",
            "R2_BUCKET_NAME": "songs",
            "R2_ENDPOINT_URL": endpoint,
            "R2_ACCESS_KEY_ID": "key",
            "R2_SECRET_ACCESS_KEY": "secret",
        }
        if unfinished:
            start(home, count, variables, unfinished)
        else:
            measure(home, count, variables, bucket=True)


def start(home: Path, count: int, variables: dict[str, str], unfinished: int) -> None:
    """How long a service takes until it has taken up all unfinished songs."""
    began = time.monotonic()
    with serving(home, ready=False, **variables) as server, server.client() as client:
        say(count, "the service answers", time.monotonic() - began)
        while sum("taking up song" in line for line in list(server.lines)) < unfinished:
            assert time.monotonic() < began + 120, list(server.lines)[-5:]
            client.get("/health/ready")
            time.sleep(0.05)
        say(count, f"it has taken up {unfinished:,} songs", time.monotonic() - began)
        assert server.process
        ticks = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        say(count, "in seconds of its processor", sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"))


def measure(home: Path, count: int, variables: dict[str, str], *, bucket: bool) -> None:
    if count <= (MOST_READ_BUCKET if bucket else MOST_READ):
        timed(count, "songwright index", command(home, variables, "index"))
    timed(count, "songwright list", command(home, variables, "list"))
    month = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 30 * 86400))
    timed(count, "songwright cost --since a month ago", command(home, variables, "cost", "--since", month))
    began = time.monotonic()
    with serving(home, **variables) as server, server.client() as client:
        say(count, "the service is ready", time.monotonic() - began)
        until = time.monotonic() + 300
        while client.get("/songs", params={"q": "rain"}).status_code == 503 and time.monotonic() < until:
            time.sleep(0.5)
        say(count, "the first search is answered", time.monotonic() - began)
        queries = {
            "page": ("/songs", {}),
            "page of 100": ("/songs", {"limit": "100"}),
            "page in the middle": ("/songs", {"cursor": Manifests(count).id(count // 2)}),
            "search": ("/songs", {"q": "neon rain"}),
            "search a beginning": ("/songs", {"q": "lullab"}),
            "search one song": ("/songs", {"q": f"take{count // 2}"}),
            "search nothing": ("/songs", {"q": "xylotomous"}),
        }
        for what, (path, parameters) in queries.items():
            requested(client, count, what, lambda c, p=path, q=parameters: c.get(p, params=q), bucket=bucket)
        body = {"prompt": "a quiet song", "lyrics": "[verse]\nla la", "audio_duration": 120}
        requested(client, count, "quote", lambda c: c.post("/quote", json=body), bucket=bucket)
        assert server.process
        say(count, "memory of the service, MiB", memory_mib(server.process.pid))


def command(home: Path, variables: dict[str, str], *arguments: str) -> Callable[[], None]:
    def run() -> None:
        env = os.environ | {"SONGWRIGHT_HOME": str(home), "API_BEARER_TOKEN": TOKEN} | variables
        subprocess.run(
            [sys.executable, "-m", "orchestrator", *arguments], env=env, check=True, stdout=subprocess.DEVNULL
        )

    return run


def timed(count: int, what: str, run: Callable[[], None]) -> None:
    began = time.monotonic()
    run()
    say(count, what, time.monotonic() - began)


def requested(
    client: httpx.Client,
    count: int,
    what: str,
    send: Callable[[httpx.Client], httpx.Response],
    *,
    bucket: bool,
) -> None:
    """The median of some requests, and the first one, in milliseconds."""
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        answer = send(client)
        took.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 200, answer.text
    limit = LIMITS_MS.get(what)
    over = "" if not limit or statistics.median(took) <= limit[bucket] else "  OVER THE LIMIT"
    found = len(songs) if isinstance(songs := answer.json().get("songs"), list) else 0
    print(
        f"{count:>9,}  {what:<38} {statistics.median(took):8.1f} ms, first {took[0]:.1f} ms, "
        f"{found} songs{over}",
        flush=True,
    )


def say(count: int, what: str, figure: float) -> None:
    print(f"{count:>9,}  {what:<38} {figure:8.2f}", flush=True)


def memory_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
