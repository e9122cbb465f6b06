"""What a library of any size costs to read: pages, search, quotes, sums and the start of a service.

    python -m tests.bench.library FOLDER [SONGS ...]       a folder of this machine; by default 1,000 and 100,000
    python -m tests.bench.library --bucket [SONGS ...]     a bucket that answers after 40 ms (``made_bucket``)

Nothing is composed: the songs are manifests, a hundred thousand a month, written as they would be stored. A
library that is there already is used again. A million in a folder take 8 GB and some minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.bench.manifests import Manifests
from tests.bench.slow_bucket import slow_bucket
from tests.service.server import TOKEN, serving

RUNS = 15
LATENCY_S = 0.04
LIMITS_MS = {"page": (50.0, 300.0), "search": (50.0, 300.0), "quote": (20.0, 20.0)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--bucket", action="store_true")
    arguments.add_argument("--unfinished", type=int, default=0, help="so many of them wait to be made")
    arguments.add_argument("places", nargs="*", help="FOLDER (not with --bucket), then numbers of songs")
    given = arguments.parse_args()
    folder = None if given.bucket else Path(given.places.pop(0))
    for count in [int(text.replace(",", "")) for text in given.places] or [1_000, 100_000]:
        if folder:
            in_folder(folder / str(count), count)
        else:
            in_bucket(count, given.unfinished)


def in_folder(home: Path, count: int) -> None:
    began = time.monotonic()
    if not (home / "songs").exists():
        Manifests(count).write(home)
        say(count, "the songs were written", time.monotonic() - began)
    measure(home, count, {}, bucket=False)


def in_bucket(count: int, unfinished: int) -> None:
    with slow_bucket(Manifests(count, unfinished=unfinished), LATENCY_S, indexed=count > 1_000) as (
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
        measure(home, count, variables, bucket=True)


def measure(home: Path, count: int, variables: dict[str, str], *, bucket: bool) -> None:
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
