"""A library of good songs, and every way that we know to damage one.

Each song is a copy of one that a service has made, under an id of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.songs.manifest import new_id

Manifest = dict[str, Any]
ELSEWHERE = "elsewhere"
"""The name of a folder beside the home, which links lead to."""


def copy_of(song: Path, number: int) -> Path:
    """The ``number``th copy of a song's folder, older than those before it."""
    song_id = new_id(time.time() - 100 - number)
    folder = song.parent / song_id
    shutil.copytree(song, folder)
    path = folder / "song.json"
    path.write_text(path.read_text().replace(song.name, song_id))
    return folder


def change(folder: Path, work: Callable[[Manifest], None]) -> None:
    """Rewrites the manifest with what ``work`` does to it."""
    path = folder / "song.json"
    manifest = json.loads(path.read_text())
    work(manifest)
    path.write_text(json.dumps(manifest))


def bytes_of(data: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / "song.json").write_bytes(data)

    return damage


def put(*where: str | int, value: object) -> Callable[[Path], None]:
    """Sets one value of the manifest, by the names and places that lead to it."""

    def damage(folder: Path) -> None:
        def work(manifest: Manifest) -> None:
            inner: Any = manifest
            for name in where[:-1]:
                inner = inner[name]
            inner[where[-1]] = value

        change(folder, work)

    return damage


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: change(folder, lambda manifest: manifest.pop(name))


def _truncated(folder: Path) -> None:
    path = folder / "song.json"
    path.write_bytes(path.read_bytes()[:-40])


def _other_id(folder: Path) -> None:
    change(folder, lambda manifest: manifest.update(id=new_id(1.0)))


def _in_place(make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Takes the manifest away and has ``make`` put something else there."""

    def damage(folder: Path) -> None:
        path = folder / "song.json"
        path.unlink()
        make(path)

    return damage


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)  # a socket's path has 108 bytes at the most
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


def _linked_manifest(folder: Path) -> None:
    there = folder.parents[2] / ELSEWHERE / f"{folder.name}.json"
    there.parent.mkdir(exist_ok=True)
    (folder / "song.json").rename(there)
    (folder / "song.json").symlink_to(there)


def _linked_folder(folder: Path) -> None:
    there = folder.parents[2] / ELSEWHERE / folder.name
    there.parent.mkdir(exist_ok=True)
    folder.rename(there)
    folder.symlink_to(there, target_is_directory=True)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _looped_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    _loop(folder)


def _file_for_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"a file")


def _pipe_for_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    os.mkfifo(folder)


def _foreign_beside(folder: Path) -> None:
    """A manifest that is cut short, among files whose names no store gives."""
    _truncated(folder)
    for name in (b"Foreign File.TXT", b"line\nfeed", b"\x1b[31mred", b"not \xff utf-8", b".DS_Store"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"x")
    (folder / "Sub Folder").mkdir()
    (folder / "Sub Folder" / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(folder / "Sub Folder" / "pipe")


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 << 30)


_LARGE = 100 << 20
_NESTED = b'{"id":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001

UNREADABLE: Mapping[str, Callable[[Path], None]] = {
    "empty": bytes_of(b""),
    "truncated": _truncated,
    "no JSON": bytes_of(b"not JSON at all"),
    "a list": bytes_of(b"[]"),
    "null": bytes_of(b"null"),
    "a number": bytes_of(b"42"),
    "binary": bytes_of(bytes(range(256)) * 40),
    "zeros, as after a power cut": bytes_of(bytes(4096)),
    "another character set": bytes_of('{"id": "ä"}'.encode("utf-16")),
    "100 MB": bytes_of(b" " * _LARGE),
    "a sparse file of 10 GB": _in_place(_sparse),
    "nested deeply": bytes_of(_NESTED),
    "half a million lists": bytes_of(b"[" + b"[]," * 500_000 + b"[]]"),
    "half a million wrong items": put("history", value=[1] * 500_000),
    "thousands of wrong files": put("assets", value={f"a{number}": 1 for number in range(15_000)}),
    "a number that is not one": put("brief", "duration_s", value=float("nan")),
    "an infinite number": put("timings_s", "music", value=float("inf")),
    "a number of 400 digits": put("brief", "seed", value=10**400),
    "a seed below zero": put("brief", "seed", value=-5),
    "half a surrogate": bytes_of(b'{"id": "\\ud800"}'),
    "without an id": without("id"),
    "without a brief": without("brief"),
    "without a date": without("created_at"),
    "a status of nobody": put("status", value="remixing"),
    "a status of another type": put("status", value=["done"]),
    "files of another type": put("assets", value=["audio.wav"]),
    "an owner of another type": put("owner", value={"host": "x", "pid": "me"}),
    "an owner beyond all processes": put("owner", value={"host": "x", "pid": 10**15}),
    "a date that is none": put("created_at", value="the day before yesterday"),
    "another song's id": _other_id,
    "an id that leads elsewhere": put("id", value="../../../../etc/passwd"),
    "a negative time": put("timings_s", "music", value=-3.0),
    "a negative length": put("music", "duration_s", value=-60.0),
    "a negative cost": put("costs", value={"music": {"seconds": -1.0}}),
    "a negative size": put("assets", "audio", "size_bytes", value=-1),
    "a file outside": put("assets", "audio", "key", value="../../../etc/passwd"),
    "an absolute file": put("assets", "audio", "key", value="/etc/passwd"),
    "a file of another song": put("assets", "cover", "key", value=f"songs/{new_id(2.0)}/cover.png"),
    "a file of the service": put("assets", "audio", "key", value=".songwright/token"),
    "a file without a name": put("assets", "audio", "key", value=""),
    "a role that leads outside": put(
        "assets", "stem:../../x", value={"key": "x", "content_type": "", "size_bytes": 1, "sha256": ""}
    ),
    "a digest with a line feed": put("assets", "audio", "sha256", value="a\r\nSet-Cookie: x=1"),
    "a format that leads outside": put("brief", "format", value="/../../x"),
    "a note that leads outside": put("idempotency", value="../songs"),
    "sections of another type": put("music", "sections", value={"kind": "verse"}),
    "a plan of another type": put("plan", value="a song about rain"),
    "a folder": _in_place(lambda path: (path / "song.json").mkdir(parents=True)),
    "a pipe": _in_place(os.mkfifo),
    "a socket": _in_place(_socket),
    "a device": _in_place(lambda path: path.symlink_to("/dev/zero")),
    "a link to a file of the system": _in_place(lambda path: path.symlink_to("/etc/passwd")),
    "a link to itself": _in_place(_loop),
    "a link to nothing": _in_place(lambda path: path.symlink_to("/nothing/there")),
    "a link to a good manifest": _linked_manifest,
    "a folder that is a link": _linked_folder,
    "a folder that is a link to itself": _looped_folder,
    "a folder that is a file": _file_for_folder,
    "a folder that is a pipe": _pipe_for_folder,
    "foreign files beside": _foreign_beside,
}
"""What makes a song unreadable, by name."""


def _wide_plan(folder: Path) -> None:
    def work(manifest: Manifest) -> None:
        plan = manifest["plan"]
        plan["title"] = "A title that is longer than any title may be today, " * 4
        plan["categories"] = [f"Category {number}" for number in range(9)]
        plan |= {
            "genre": "hyperfolk",
            "mood": "unheard-of",
            "voice": "robot",
            "energy": 14,
            "tempo_bpm": 400.0,
        }
        manifest["music"]["tempo_bpm"] = 400.0

    change(folder, work)


def _later(folder: Path) -> None:
    def work(manifest: Manifest) -> None:
        manifest["remix_of"] = {"id": "x", "parts": [1, 2, {"a": None}]}
        manifest["brief"]["mastering"] = "loud"
        manifest["engines"]["music"]["licence_url"] = "https://example.org"
        manifest["engines"]["mastering"] = manifest["engines"]["music"] | {"name": "a later engine"}
        manifest["timings_s"]["mastering"] = 1.0

    change(folder, work)


def _first_version(folder: Path) -> None:
    def work(manifest: Manifest) -> None:
        for name in ("costs", "sibling_ids", "webhook", "notes", "like", "idempotency", "scene", "warnings"):
            manifest.pop(name, None)
        for name in ("photo", "photo_as_cover", "cover", "top_k"):
            manifest["brief"].pop(name, None)

    change(folder, work)


def _title(text: str) -> Callable[[Path], None]:
    return put("plan", "title", value=text)


ODD: Mapping[str, Callable[[Path], None]] = {
    "longer than may be asked for": put("brief", "duration_s", value=5400.0),
    "shorter than may be asked for": put("brief", "duration_s", value=0.25),
    "lyrics of 200,000 characters": put("brief", "lyrics", value="la la, " * 28_000),
    "a description of 50,000 characters": put("brief", "description", value="rain " * 10_000),
    "forty variations": put("brief", "variations", value=40),
    "parameters past their bounds": put("brief", "guidance_scale", value=5000.0),
    "no description": put("brief", "description", value=""),
    "a seed of 64 bits": put("brief", "seed", value=2**63),
    "a format of a later version": put("brief", "format", value="opus"),
    "a plan of other bounds": _wide_plan,
    "fields of a later version": _later,
    "without what came later": _first_version,
    "history that runs backwards": put(
        "history",
        value=[
            {"status": "done", "at": "2026-01-02T00:00:00Z"},
            {"status": "queued", "at": "2020-01-01T00:00:00Z"},
        ],
    ),
    "a webhook to nowhere": put("webhook", value={"url": "http://[not an address", "given_up": True}),
    "a title of markup": _title("[/bold] [red]x"),
    "a title of escapes": _title("\x1b[2J\x1b]0;owned\x07 \u202e gnp.exe"),
    "a title that leads outside": _title("../../../tmp/x"),
}
"""What is out of the ordinary, and yet a song."""

DATES: Mapping[str, str] = {
    "naive": "2026-05-06T07:08:09.123456",
    "naive without seconds": "2026-05-06T07:08",
    "the Unix epoch": "1970-01-01T00:00:00Z",
    "before the Unix epoch": "1969-12-31T23:59:59.999999-01:00",
    "the last second before ZIP's epoch": "1979-12-31T23:59:59Z",
    "past ZIP's last year": "2108-01-01T00:00:00Z",
    "the year 1": "0001-01-01T00:00:00+14:00",
    "the year 9999": "9999-12-31T23:59:59.999999-12:00",
    "an odd offset": "2026-02-28T23:30:00+05:45",
    "a leap day": "2024-02-29T12:00:00Z",
}
