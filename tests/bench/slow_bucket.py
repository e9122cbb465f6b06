"""An S3 service on loopback that takes its time, over a bucket with as many songs as one likes.

It knows what the store uses: objects with conditions, lists of a thousand keys, deletions. It checks no
signature, has no uploads in parts, and refuses no second write within a second. Manifests are made when they
are read, so that a million of them are there at once.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.bench.manifests import Manifests

_MOST_KEYS = 1000
_SONGS = "songs/"


class Bucket:
    """The made-up songs, and what was written over them."""

    def __init__(self, songs: Manifests) -> None:
        self._songs = songs
        self._ids = songs.ids()
        self._written: dict[str, bytes | None] = {}
        self._keys: list[str] = []  # of what was written, but for manifests
        self._guard = threading.Lock()
        for song_id in songs.marks():
            self.put(f"open/{song_id}", b"", None)

    def get(self, key: str) -> bytes | None:
        if key in self._written:
            return self._written[key]
        song_id, _, name = key.removeprefix(_SONGS).partition("/")
        if not key.startswith(_SONGS) or name != "song.json":
            return None
        number = self._songs.number(song_id, self._ids)
        return None if number is None else self._songs.manifest(number)

    def put(self, key: str, data: bytes | None, condition: str | None) -> bool:
        """Writes, or deletes for None; ``condition`` is the tag of the version, "*" for none."""
        with self._guard:
            before = self.get(key)
            if condition == "*" and before is not None:
                return False
            if condition not in (None, "*") and (before is None or tag(before) != condition):
                return False
            self._written[key] = data
            if not key.startswith(_SONGS):
                place = bisect_left(self._keys, key)
                there = place < len(self._keys) and self._keys[place] == key
                if data is None and there:
                    del self._keys[place]
                elif data is not None and not there:
                    insort(self._keys, key)
        return True

    def list(self, prefix: str, after: str, *, folders: bool) -> tuple[list[str], bool]:
        """Up to a thousand keys after ``after``, and whether there are more."""
        if prefix.startswith(_SONGS):
            ending = "/" if folders and prefix == _SONGS else "/song.json"
            start = bisect_right(self._ids, after.removeprefix(_SONGS).partition("/")[0]) if after else 0
            wanted = prefix.removeprefix(_SONGS).rstrip("/")
            start = max(start, bisect_left(self._ids, wanted))
            some = self._ids[start : start + _MOST_KEYS + 1]
            keys = [f"{_SONGS}{song_id}{ending}" for song_id in some if song_id.startswith(wanted)]
        else:
            with self._guard:
                start = max(bisect_left(self._keys, prefix), bisect_right(self._keys, after))
                keys = [k for k in self._keys[start : start + _MOST_KEYS + 1] if k.startswith(prefix)]
        return keys[:_MOST_KEYS], len(keys) > _MOST_KEYS


def tag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def handler(bucket: Bucket, latency_s: float, seen: Counter[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def log_message(self, *_: Any) -> None:
            """Nothing."""

        def handle_expect_100(self) -> bool:
            super().handle_expect_100()
            self.wfile.flush()  # its sender waits for that
            return True

        def _key(self) -> tuple[str, dict[str, str]]:
            parts = urlsplit(self.path)
            key = unquote(parts.path).lstrip("/").partition("/")[2]
            return key, {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}

        def do_GET(self) -> None:
            time.sleep(latency_s)
            key, query = self._key()
            if "list-type" in query:
                seen["list"] += 1
                return self._list(query)
            if "uploads" in query:
                return self._answer(200, b"<ListMultipartUploadsResult></ListMultipartUploadsResult>")
            seen["read"] += 1
            data = bucket.get(key)
            if data is None:
                return self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")
            start, _, end = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
            if start:
                data = data[int(start) : int(end) + 1 if end else None]
            self._answer(200, data, {"ETag": tag(bucket.get(key) or b"")})

        do_HEAD = do_GET

        def do_PUT(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            time.sleep(latency_s)
            seen["write"] += 1
            condition = self.headers.get("If-Match") or self.headers.get("If-None-Match")
            if bucket.put(self._key()[0], data, condition):
                self._answer(200, b"", {"ETag": tag(data)})
            else:
                self._answer(412, b"<Error><Code>PreconditionFailed</Code><Message>no</Message></Error>")

        def do_DELETE(self) -> None:
            time.sleep(latency_s)
            seen["delete"] += 1
            bucket.put(self._key()[0], None, None)
            self._answer(204, b"")

        def _list(self, query: dict[str, str]) -> None:
            after = query.get("continuation-token") or query.get("start-after", "")
            folders = query.get("delimiter") == "/"
            keys, more = bucket.list(query.get("prefix", ""), after, folders=folders)
            entry = "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>"
            if not (folders and query.get("prefix") == _SONGS):
                entry = "<Contents><Key>{}</Key><Size>1</Size></Contents>"
            rest = f"<NextContinuationToken>{escape(keys[-1])}</NextContinuationToken>" if more else ""
            body = "".join(entry.format(escape(key)) for key in keys)
            truncated = f"<IsTruncated>{str(more).lower()}</IsTruncated>{rest}"
            self._answer(200, f"<ListBucketResult>{truncated}{body}</ListBucketResult>".encode())

        def _answer(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response_only(status)
            about = {"Content-Length": str(len(data)), "Last-Modified": formatdate(usegmt=True)}
            for name, value in (about | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)
            self.wfile.flush()

    return Handler


@contextmanager
def slow_bucket(songs: Manifests, latency_s: float, *, indexed: bool = False) -> Iterator[tuple[str, Path]]:
    """The endpoint of a process that serves the bucket "songs", and an empty folder for a client's files."""
    given = {"count": songs.count, "unfinished": songs.unfinished, "latency_s": latency_s, "indexed": indexed}
    command = [sys.executable, "-m", "tests.bench.slow_bucket", json.dumps(given)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        with tempfile.TemporaryDirectory(prefix="slow-bucket-") as folder:
            yield process.stdout.readline().strip(), Path(folder)
    finally:
        process.kill()
        process.wait()


def serve(count: int, unfinished: int, latency_s: float, *, indexed: bool) -> None:
    songs = Manifests(count, unfinished=unfinished)
    bucket = Bucket(songs)
    if indexed:
        _write_index(songs, bucket)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            """A client that has ended is no news."""

    server = Server(("127.0.0.1", 0), handler(bucket, latency_s, Counter()))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def _write_index(songs: Manifests, bucket: Bucket) -> None:
    """The segments that ``songwright index`` would write, which would read every manifest for that."""
    from orchestrator.songs.index.segments import HEAD, Head, write_segments

    class Puts:
        def put(self, key: str, data: bytes, _type: str) -> None:
            bucket.put(key, data, None)

    written = write_segments(Puts(), (entry.line() for entry in songs.entries()))  # type: ignore[arg-type]  # it only puts
    bucket.put(HEAD, Head(segments=tuple(written)).model_dump_json().encode(), None)


if __name__ == "__main__":
    serve(**json.loads(sys.argv[1]))
