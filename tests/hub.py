"""A model hub on loopback, for the hub's own client: what it asks of ``/api/models`` and ``/resolve``, from
folders on this disk. It does not check tokens, and has no other storage than plain HTTP (no LFS, no Xet)."""

from __future__ import annotations

import hashlib
import http.server
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import huggingface_hub
import pytest

from tests.loopback import in_a_thread


@dataclass
class Hub:
    """Repositories by id and revision, and which of their files were fetched."""

    address: str = ""
    repositories: dict[tuple[str, str], Path] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    """Those whose listing all may see, and whose files nobody without a token may fetch."""
    fetched: list[str] = field(default_factory=list)

    def add(self, name: str, folder: Path, revision: str = "main") -> None:
        self.repositories[name, revision] = folder

    def found(self, name: str, revision: str) -> tuple[Path, str] | None:
        """The folder of a revision, which may also be a commit, and the commit."""
        for (other, called), folder in self.repositories.items():
            commit = hashlib.sha1(f"{other}@{called}".encode()).hexdigest()
            if other == name and revision in (called, commit):
                return folder, commit
        return None


@contextmanager
def hub(cache: Path, patch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Runs one, which is the client's only hub meanwhile, with ``cache`` as its cache."""
    running = Hub()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(running))
    running.address = f"http://127.0.0.1:{server.server_port}"
    with in_a_thread(server):
        patch.setattr(huggingface_hub.constants, "ENDPOINT", running.address)
        urls = running.address + "/{repo_id}/resolve/{revision}/{filename}"
        patch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", urls)
        patch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.delenv(variable, raising=False)
            patch.delenv(variable.lower(), raising=False)
        huggingface_hub.close_session()
        try:
            yield running
        finally:
            huggingface_hub.close_session()


def _etag(folder: Path, name: str) -> str:
    """Another for each file, whatever is in it, so that the client fetches all that it is to have."""
    return hashlib.sha1(name.encode() + (folder / name).read_bytes()).hexdigest()


def _handler(hub: Hub) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path).strip("/")
            if path.startswith("api/models/"):
                self._api(*path.removeprefix("api/models/").split("/", 2))
            else:
                self._file(*path.split("/", 2))

        do_HEAD = do_GET

        def _api(self, owner: str, repository: str, rest: str = "revision/main") -> None:
            name = f"{owner}/{repository}"
            what, _, revision = rest.partition("/")
            if not any(other == name for other, _ in hub.repositories):
                return self._answer(404, {"error": "no"}, code="RepoNotFound")
            if (found := hub.found(name, revision)) is None:
                return self._answer(404, {"error": "no"}, code="RevisionNotFound")
            folder, commit = found
            files = sorted(file for file in folder.rglob("*") if file.is_file())
            rows: list[dict[str, Any]] = [
                {
                    "path": file.relative_to(folder).as_posix(),
                    "size": file.stat().st_size,
                    "oid": _etag(folder, file.relative_to(folder).as_posix()),
                }
                for file in files
            ]
            if what == "tree":
                return self._answer(200, [{"type": "file", **row} for row in rows])
            siblings = [{"rfilename": row["path"], "size": row["size"], "blobId": row["oid"]} for row in rows]
            self._answer(200, {"id": name, "sha": commit, "siblings": siblings})

        def _file(self, owner: str, repository: str, rest: str) -> None:
            name = f"{owner}/{repository}"
            # A revision may have slashes: the longest that there is.
            pieces = rest.removeprefix("resolve/").split("/")
            for count in range(len(pieces) - 1, 0, -1):
                if found := hub.found(name, "/".join(pieces[:count])):
                    break
            else:
                return self._answer(404, {"error": "no"}, code="RevisionNotFound")
            folder, commit = found
            asked = "/".join(pieces[count:])
            if name in hub.gated:
                return self._answer(403, {"error": "gated"}, code="GatedRepo")
            if not (folder / asked).is_file():
                return self._answer(404, {"error": "no"}, code="EntryNotFound")
            data = (folder / asked).read_bytes()
            if self.command == "GET":
                hub.fetched.append(asked)
            headers = {"ETag": f'"{_etag(folder, asked)}"', "X-Repo-Commit": commit}
            self._send(200, data, headers)

        def _answer(self, status: int, answer: object, code: str = "") -> None:
            headers = {"Content-Type": "application/json"} | ({"X-Error-Code": code} if code else {})
            self._send(status, json.dumps(answer).encode(), headers)

        def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
