"""The index of a bucket as objects: immutable segments, a head that names them, and changes since.

======================== ================================================================================
``index/head.json``      the segments, oldest first; replaced only over the version that was read
``index/segments/<n>``   entries as lines of JSON, compressed; of two entries of a song the later is true
``index/changes/<id>-x`` empty: this song has ended or was deleted, and the segments may not know it yet
======================== ================================================================================

A change is written before the song's mark goes, and goes once the head names a segment with the song's facts.
So of every song there is a mark, a change, or a line in a segment, whenever a process is killed.
"""

from __future__ import annotations

import gzip
import secrets
import time
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.errors import NotFound
from orchestrator.songs.index.entry import id_in
from storage.contract import Store, read

HEAD = "index/head.json"
CHANGES = "index/changes/"
_SEGMENTS = "index/segments/"
_TYPE, _COMPRESSED = "application/json", "application/gzip"
MOST_LINES = 20_000
"""Of a segment: some two megabytes, compressed."""
_SMALL = MOST_LINES // 2
_MOST_SMALL = 16
"""Segments of fewer lines than ``_SMALL`` are put together when there are more of them."""
_STRAY_S = 3600.0  # a segment that no head has named for so long is a killed writer's
_LARGEST_BYTES = 64 << 20
_LARGEST_LINES_BYTES = 256 << 20


class Segment(BaseModel):
    """A segment, as the head names it."""

    model_config = ConfigDict(frozen=True)

    key: str = Field(pattern=r"^index/segments/[a-z0-9-]{1,60}$")
    lines: int
    newest: str = ""
    """The id of its newest song, the smallest one; empty: not known."""

    def has_songs_since(self, oldest: str) -> bool:
        """Whether a song that is not older than the id ``oldest`` may be in it."""
        return self.newest <= oldest


class Head(BaseModel):
    """The content of ``HEAD``."""

    model_config = ConfigDict(frozen=True)

    version: int = 1
    library: str = Field(default_factory=lambda: secrets.token_hex(8))
    """Another one after each rebuild: what was copied of the former is worth nothing then."""
    segments: tuple[Segment, ...] = ()
    replaced: tuple[str, ...] = ()
    """Segments of the head before, which somebody may still be reading. The next writer deletes them."""


def read_head(store: Store) -> tuple[Head | None, str | None]:
    """The head and its tag. None for an index that was never built, or whose head is of another version or
    damaged: it is built over that."""
    try:
        version = store.version(HEAD)
    except NotFound:
        return None, None
    try:
        head = Head.model_validate_json(version.data)
    except ValidationError:
        return None, version.etag
    return (head if head.version == Head().version else None), version.etag


def write_head(store: Store, head: Head, etag: str | None) -> bool:
    """Replaces the head with the tag ``etag``. Returns False if another process was quicker."""
    return bool(store.put_if(HEAD, head.model_dump_json().encode(), _TYPE, etag=etag))


def note_change(store: Store, song_id: str) -> None:
    """Records that the segments may not know this song's newest facts."""
    store.put(f"{CHANGES}{song_id}-{secrets.token_hex(4)}", b"", "application/octet-stream")


def changed_song(key: str) -> str:
    """The song's id in the key of a change."""
    return key.removeprefix(CHANGES).partition("-")[0]


def write_segments(store: Store, lines: Iterable[str]) -> list[Segment]:
    """Writes ``lines`` as segments that no head names yet."""
    written = []
    left = iter(lines)
    while some := list(islice(left, MOST_LINES)):
        # The time shows whose segments are left over.
        key = f"{_SEGMENTS}{int(time.time()):012d}-{secrets.token_hex(6)}"
        store.put(key, gzip.compress("\n".join(some).encode(), 6, mtime=0), _COMPRESSED)
        written.append(Segment(key=key, lines=len(some), newest=min(map(id_in, some))))
    return written


def read_segment(store: Store, key: str) -> list[str]:
    """The segment's lines. Raises ``NotFound`` if it was replaced meanwhile, and ``ValueError`` for a damaged
    one."""
    packed = read(store, key, _LARGEST_BYTES)
    try:
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(packed, _LARGEST_LINES_BYTES)
        if not unpacker.eof:
            raise ValueError(f"{key} is cut off, or has more than {_LARGEST_LINES_BYTES:,} bytes")
        return text.decode().split("\n")
    except zlib.error as error:
        raise ValueError(f"{key} is no segment of the index: {error}") from error


def merged(store: Store, head: Head) -> Head:
    """``head`` with its small segments put together, if there are many; else ``head`` itself."""
    small = [segment for segment in head.segments if segment.lines < _SMALL]
    if len(small) <= _MOST_SMALL:
        return head
    newest: dict[str, str] = {}
    for segment in small:
        for line in read_segment(store, segment.key):
            newest[id_in(line)] = line
    whole = write_segments(store, (newest[song_id] for song_id in sorted(newest)))
    kept = tuple(segment for segment in head.segments if segment not in small)
    return head.model_copy(
        update={
            "segments": (*kept, *whole),
            "replaced": (*head.replaced, *(segment.key for segment in small)),
        }
    )


def strays(store: Store, head: Head) -> Iterator[str]:
    """Segments of writers that were killed before their head was written."""
    named = {segment.key for segment in head.segments} | set(head.replaced)
    for key in store.list(_SEGMENTS):
        made = key.removeprefix(_SEGMENTS).partition("-")[0]
        if key not in named and made.isdigit() and time.time() - int(made) > _STRAY_S:
            yield key
