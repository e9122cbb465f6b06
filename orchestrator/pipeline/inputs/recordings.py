"""The recordings that users have sent, to make songs from: each is a folder of objects in the store."""

from __future__ import annotations

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import BinaryIO, Literal, get_args

from pydantic import Field, ValidationError

from config.errors import Conflict, InvalidRequest, NotFound, Unreadable
from music.sources.decode import CPU_S, MEMORY_BYTES, recording_of
from orchestrator.pipeline.inputs.decoding import Kind
from orchestrator.songs.facts.change import RECORDING_ID
from orchestrator.songs.facts.frozen import Frozen
from orchestrator.songs.limits import UtcTime
from orchestrator.songs.manifest import ALPHABET, Asset
from reading.cleaning import stripped
from storage.contract import Store, read

log = logging.getLogger(__name__)

Rights = Literal["mine", "licensed", "public-domain"]
"""Why the user may use a recording: it is the user's own, its owner allows it, or nobody owns it. It is the
user's word, and is not checked."""
NAME_CHARACTERS = 200
RECORDINGS = Kind(
    noun="recording",
    field="audio",
    module="music.sources.decode",
    cpu_s=CPU_S,
    memory_bytes=MEMORY_BYTES,
    wall_s=180.0,
    fix="export it anew",
)
_PREFIX = "sources/"
_ID_BITS = 100
_READS_AT_ONCE = 16
_LARGEST_MANIFEST_BYTES = 1 << 16
_MEDIA_TYPE = "audio/flac"


class Recording(Frozen):
    """The manifest of a recording, stored as ``sources/<id>/source.json``."""

    id: str = Field(examples=["rec-4x1c9k2m7q0ab5tz8d3w"])
    """Made of the SHA-256 of the upload: the same file is the same recording."""
    name: str = ""
    """What the user calls it."""
    rights: str = Field(examples=["mine"])
    """One of ``Rights``; in a manifest perhaps one of a later version."""
    kind: str = Field(description="What was sent: WAV, FLAC, MP3, Ogg or M4A.", examples=["MP3"])
    duration_s: float
    rate_hz: int
    tempo_bpm: float | None = Field(default=None, description="As far as it could be found.")
    sha256: str = Field(description="Of the file that was sent.")
    size_bytes: int = Field(description="Likewise.")
    created_at: UtcTime
    audio: Asset = Field(description="What is kept of it: its sound alone, as FLAC.")


class Recordings:
    """The recordings in a store, ``most`` at the most."""

    def __init__(self, store: Store, most: int) -> None:
        self.store = store
        self._most = most

    def known(self, sha256: str, rights: Rights, name: str) -> Recording | None:
        """The recording of a file that was sent before, with ``rights`` and ``name`` as they are said now."""
        try:
            found = self.load(_id(sha256))
            self.store.stat(found.audio.key)
        except (NotFound, Unreadable):
            return None
        said = found.model_copy(update={"rights": rights, "name": name or found.name})
        if said != found:
            self._put(said)
        return said

    def check_room(self, sha256: str) -> None:
        """Raises ``Conflict`` if there are as many others as may be kept."""
        own = f"{_PREFIX}{_id(sha256)}/"
        count = sum(1 for entry in self.store.list(_PREFIX, shallow=True) if entry != own)
        if count >= self._most:
            fix = (
                "delete one (DELETE /audio/{id}, songwright upload --delete ID), or raise "
                "SONGWRIGHT_SOURCE_LIMIT"
            )
            raise Conflict(f"{count:,} recordings are kept, which is the most", fix)

    def keep(self, decoded: bytes, sha256: str, size_bytes: int, rights: Rights, name: str) -> Recording:
        """Stores what the decoder has answered for the file with this SHA-256 and size."""
        kept = recording_of(decoded)
        source_id, flac = _id(sha256), bytes(kept.flac)
        key = f"{_PREFIX}{source_id}/audio.flac"
        self.store.put(key, flac, _MEDIA_TYPE)
        audio = Asset(
            key=key,
            content_type=_MEDIA_TYPE,
            size_bytes=len(flac),
            sha256=hashlib.sha256(flac).hexdigest(),
        )
        recording = Recording(
            id=source_id,
            name=name,
            rights=rights,
            kind=kept.kind,
            duration_s=round(kept.duration_s, 3),
            rate_hz=kept.rate_hz,
            tempo_bpm=kept.tempo_bpm,
            sha256=sha256,
            size_bytes=size_bytes,
            created_at=datetime.now(UTC),
            audio=audio,
        )
        self._put(recording)
        return recording

    def load(self, source_id: str) -> Recording:
        """Raises ``NotFound``, and ``Unreadable`` for one whose manifest is damaged."""
        return load_recording(self.store, source_id)

    def all(self) -> list[Recording]:
        """Those that can be read, newest first."""
        entries = self.store.list(_PREFIX, shallow=True)
        ids = [entry.removeprefix(_PREFIX).removesuffix("/") for entry in entries]
        with ThreadPoolExecutor(_READS_AT_ONCE, "recordings") as threads:  # in a bucket each is a request
            found = [each for each in threads.map(self._readable, ids) if each]
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)

    def _readable(self, source_id: str) -> Recording | None:
        try:
            return self.load(source_id)
        except NotFound:
            return None  # it is being stored or deleted
        except Unreadable as error:
            log.warning("%s", error)
            return None

    def delete(self, source_id: str) -> None:
        """Deletes it, a damaged one too. Songs that were made from it stay. Raises ``NotFound``."""
        folder = f"{_PREFIX}{source_id}/"
        if not is_recording(source_id) or next(iter(self.store.list(folder)), None) is None:
            raise _not_found(source_id)
        self.store.delete(_manifest_key(source_id))
        self.store.delete_below(folder)

    def _put(self, recording: Recording) -> None:
        data = recording.model_dump_json(indent=2).encode()
        self.store.put(_manifest_key(recording.id), data, "application/json")


def is_recording(source_id: str) -> bool:
    """Whether this may be the id of a recording: no song has such a one."""
    return RECORDING_ID.fullmatch(source_id) is not None


def load_recording(store: Store, source_id: str) -> Recording:
    """The recording's manifest. Raises ``NotFound`` and ``Unreadable``."""
    if not is_recording(source_id):
        raise _not_found(source_id)
    key = _manifest_key(source_id)
    try:
        found = Recording.model_validate_json(read(store, key, _LARGEST_MANIFEST_BYTES))
        if found.id != source_id or found.audio.key != f"{_PREFIX}{source_id}/audio.flac":
            raise ValueError("it is that of another recording")
    except NotFound as error:
        raise _not_found(source_id) from error
    except ValidationError as error:
        raise _unreadable(source_id, str(error.errors()[0]["msg"])) from error
    except ValueError as error:
        raise _unreadable(source_id, str(error)) from error
    return found


def digest_of(file: BinaryIO) -> str:
    """The SHA-256 of a file."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def checked_rights(rights: object) -> Rights:
    """Raises ``InvalidRequest`` unless the user has said why the recording may be used."""
    known: tuple[Rights, ...] = get_args(Rights)
    for each in known:
        if rights == each:
            return each
    fix = (
        "say that you may use the recording: 'mine' (it is your own), 'licensed' (its owner allows it) or "
        "'public-domain'"
    )
    raise InvalidRequest("rights", rights or "", fix)


def checked_name(name: str) -> str:
    """``name`` without control and invisible characters. Raises ``InvalidRequest`` if it is too long."""
    if len(name) > NAME_CHARACTERS:
        raise InvalidRequest(
            "name", name, f"it has {len(name):,} characters, shorten it to {NAME_CHARACTERS}"
        )
    return stripped(name.encode("utf-8", "replace").decode(), lines=False).strip()


def _id(sha256: str) -> str:
    number = int(sha256, 16) >> (256 - _ID_BITS)
    return "rec-" + "".join(ALPHABET[number >> shift & 31] for shift in range(_ID_BITS - 5, -1, -5))


def _manifest_key(source_id: str) -> str:
    return f"{_PREFIX}{source_id}/source.json"


def _not_found(source_id: str) -> NotFound:
    return NotFound("recording", source_id, "see GET /audio, or songwright upload --list")


def _unreadable(source_id: str, reason: str) -> Unreadable:
    fix = f"delete it, and send it again: songwright upload --delete {source_id}"
    return Unreadable(f"recording {source_id} cannot be read: {reason}", fix)
