"""R2's rules for a proxy in front of an S3 server: one write a second to a key, and the time of a request.
It counts what the client sends.

Not checked: whether R2 counts a deletion, an upload's parts or a write that its condition refuses (here they
do not count, and a refused write does).
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.storage.faults import Faults

LATENCY_S = 0.04
"""Between a container and its bucket, for a request."""
SPACING_S = 1.0
"""Between two writes of one key."""


@dataclass
class Traffic:
    """What went to the bucket: requests by kind, and bytes."""

    writes: Counter[str] = field(default_factory=Counter)
    """By key without the song's id: R2's class A operations other than lists. A part of an upload is one."""
    unconditional: Counter[str] = field(default_factory=Counter)
    """Those of ``writes`` that need no version before them."""
    lists: int = 0
    reads: int = 0
    deletions: int = 0
    bytes_up: int = 0


class R2Rules(Faults):
    """Answers 429 to a second write within ``spacing_s`` to one key, and delays each request by
    ``latency_s``."""

    def __init__(self, latency_s: float = LATENCY_S, spacing_s: float = SPACING_S) -> None:
        super().__init__(0.0, 0)
        self.traffic = Traffic()
        self.latency_s = latency_s
        self.spacing_s = spacing_s
        self._written_s: dict[str, float] = {}
        self._manifests: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Counts from now on."""
        with self._lock:
            self.traffic = Traffic()
            self.seen.clear()
            self._manifests.clear()

    def polls(self, song_id: str) -> int:
        """How often the song's manifest was read."""
        return self._manifests[song_id]

    def next(self, method: str, path: str) -> str:
        fault = self._judged(method, path)
        self.seen[fault or "none"] += 1
        time.sleep(self.latency_s)
        return fault

    def _judged(self, method: str, path: str) -> str:
        key, query = urlsplit(path).path, urlsplit(path).query
        with self._lock:
            traffic = self.traffic
            if method in ("PUT", "POST"):
                traffic.writes[_kind(path)] += 1
            elif method == "DELETE":
                traffic.deletions += 1
            elif "list-type=" in query:
                traffic.lists += 1
            else:
                traffic.reads += 1
                if found := re.search(r"/songs/(\w+)/song\.json$", key):
                    self._manifests[found[1]] += 1
            # An object in parts is written when it is completed.
            in_part, completes = "partNumber=" in query, "uploadId=" in query
            if (method == "PUT" and not in_part) or (method == "POST" and completes):
                now_s = time.monotonic()
                if now_s - self._written_s.get(key, -self.spacing_s) < self.spacing_s:
                    return "429"
                self._written_s[key] = now_s
        return ""

    def received(self, method: str, path: str, headers: Mapping[str, str], size_bytes: int) -> None:
        with self._lock:
            self.traffic.bytes_up += size_bytes
            if method == "PUT" and not {name.lower() for name in headers} & {"if-match", "if-none-match"}:
                self.traffic.unconditional[_kind(path)] += 1


def _kind(path: str) -> str:
    """The key of a request without what differs from song to song."""
    key = urlsplit(path).path.split("/", 2)[-1]
    return re.sub(r"[0-9a-f]{64}|[0-9a-z]{15}(-[0-9a-f]{8})?", "ID", key)
