"""The client that blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

from songwright.answers import Plan, Song, Source
from songwright.calls import Changes, MusicRequest, NewCover, NewPart, PhotoRequest, SongRequest, Take
from songwright.client.blocking_library import BlockingLibrary
from songwright.client.operations import Photo, Recording, Rights
from songwright.following import OnProgress


class Client(BlockingLibrary):
    """A Songwright service at ``url``. Use it in a ``with`` statement, or ``close`` it.

    Every method may raise ``InvalidArgument`` and ``InvalidCall``, and has sent nothing, and ``ApiError``
    and ``ConnectionFailed``. Before these two, it sends the request again: after 429 and 503 as soon as the
    service says, after 500 once, and after a lost connection a few times. No retry makes a second song.
    """

    def generate(
        self,
        description: str | None = None,
        *,
        idempotency_key: str | None = None,
        listen: bool = False,
        **request: Unpack[SongRequest],
    ) -> Song:
        """Ask for a song. Returns it at once, usually queued: ``wait`` for it. Give a description; or
        ``prompt`` and ``lyrics``; or ``prompt`` and ``described_lyrics``. Anything else raises
        ``InvalidCall``.
        With an ``idempotency_key`` of your own, another process can ask again and gets the same song. With
        ``listen``, its sound can be heard while it is made: see the method of this name."""
        return self._run(self._operations.generate(description, request, idempotency_key, listen=listen))

    def generate_like(
        self,
        song: Song | str,
        *,
        idempotency_key: str | None = None,
        listen: bool = False,
        **changes: Unpack[Changes],
    ) -> Song:
        """Make a song of the library again, the same except for ``changes``. Returns as ``generate``."""
        return self._run(self._operations.generate_like(song, changes, idempotency_key, listen=listen))

    def extend(
        self,
        song: Song | str,
        by_s: float,
        *,
        from_s: float | None = None,
        before: bool = False,
        idempotency_key: str | None = None,
        **part: Unpack[NewPart],
    ) -> Song:
        """Ask for a song that goes on: ``song`` up to a bar, at ``from_s`` or where it begins to end, and
        ``by_s`` seconds more; with ``before``, these come before its beginning. What is kept is the same to
        the sample. Returns as ``generate``."""
        flow = self._operations.extend(song, by_s, part, idempotency_key, from_s=from_s, before=before)
        return self._run(flow)

    def repaint(
        self,
        song: Song | str,
        start_s: float,
        end_s: float,
        *,
        idempotency_key: str | None = None,
        **part: Unpack[NewPart],
    ) -> Song:
        """Ask for ``song`` with another part from ``start_s`` to ``end_s``, by its bars. Outside of it the
        song is the same to the sample. Returns as ``generate``."""
        return self._run(self._operations.repaint(song, start_s, end_s, part, idempotency_key))

    def remix(
        self,
        song: Song | str,
        prompt: str,
        *,
        strength: float | None = None,
        idempotency_key: str | None = None,
        **take: Unpack[Take],
    ) -> Song:
        """Ask for ``song`` in another style, with its words. ``strength``, 0 to 1: how far it goes from the
        song. Returns as ``generate``."""
        return self._run(self._operations.remix(song, prompt, take, idempotency_key, strength=strength))

    def resing(
        self, song: Song | str, lyrics: str, *, idempotency_key: str | None = None, **take: Unpack[Take]
    ) -> Song:
        """Ask for ``song`` with other words on its tune: as many lines as are sung, or lines under the names
        of its sections. Returns as ``generate``."""
        return self._run(self._operations.resing(song, lyrics, take, idempotency_key))

    def finish(self, song: Song | str, *, idempotency_key: str | None = None) -> Song:
        """Ask for the whole song of a draft, with its plan and seed. Returns as ``generate``."""
        return self._run(self._operations.finish(song, idempotency_key))

    def stems(self, song: Song | str, *, idempotency_key: str | None = None, **take: Unpack[Take]) -> Song:
        """Ask for ``song`` with the parts that it is mixed of: "stem:vocals", "stem:drums" and others among
        its ``assets``. Raises ``Conflict`` if it has them already, and returns as ``generate``."""
        return self._run(self._operations.stems(song, take, idempotency_key))

    def cover(
        self, song: Song | str, *, idempotency_key: str | None = None, **wanted: Unpack[NewCover]
    ) -> Song:
        """Ask for ``song`` with another cover, which shows what ``prompt`` says or, without it, what the
        song's plan says. The sound is the same. Returns as ``generate``."""
        return self._run(self._operations.cover(song, wanted, idempotency_key))

    def generate_from_image(
        self,
        image: Photo,
        *,
        idempotency_key: str | None = None,
        listen: bool = False,
        **request: Unpack[PhotoRequest],
    ) -> Song:
        """Ask for the song of a photo: a PNG, JPEG or WebP file, or its bytes. Returns as ``generate``. What
        the service sees in the photo is ``Song.manifest["scene"]``. Raises ``FileFailed`` where the file
        cannot be read."""
        return self._run(self._operations.generate_from_image(image, request, idempotency_key, listen=listen))

    def generate_music(self, *, idempotency_key: str | None = None, **request: Unpack[MusicRequest]) -> Song:
        """Ask for music without words or cover. Returns as ``generate``. Give a ``prompt``; or ``mood``,
        ``energy`` and ``genres``. Anything else raises
        ``InvalidCall``."""
        return self._run(self._operations.generate_music(request, idempotency_key))

    def upload_audio(self, audio: Recording, rights: Rights, *, name: str = "") -> Source:
        """Send a recording to make songs from: a WAV, FLAC, MP3, Ogg or M4A file, or its bytes. ``rights`` is
        your word that you may use it, and is kept with every song that is made from it. The same file is the
        same source, however often it is sent. Raises ``FileFailed`` where the file cannot be read."""
        return self._run(self._operations.upload_audio(audio, rights, name))

    def sources(self) -> tuple[Source, ...]:
        """The recordings that the service keeps, newest first."""
        return self._run(self._operations.sources())

    def delete_source(self, source: Source | str) -> None:
        """Delete a recording. Songs that were made from it stay."""
        self._run(self._operations.delete_source(source))

    def plan(self, description: str | None = None, **request: Unpack[SongRequest]) -> Plan:
        """The plan alone, to edit and to give to ``generate`` as ``plan``. The service stores nothing."""
        return self._run(self._operations.plan(description, request))

    def quote(self, description: str | None = None, **request: Unpack[SongRequest]) -> dict[str, Any]:
        """The time and the cost that the song would take: the document of ``POST /quote``."""
        return self._run(self._operations.quote(description, request))

    def wait(
        self, song: Song | str, *, timeout_s: float | None = None, on_progress: OnProgress | None = None
    ) -> Song:
        """Return the song once it is done. Follows its events, through broken connections and restarts of the
        service. Where the events are not available, logs a warning and asks for the song every ``poll_s``
        seconds. Raises ``SongFailed``, ``SongCancelled``, and ``WaitTimeout`` soon after ``timeout_s``."""
        return self._run(self._operations.wait(song, timeout_s, on_progress))

    def listen(self, song: Song | str) -> Iterator[bytes]:
        """The sound of the song, as it comes: a WAV file, from its first seconds on, while the song is made,
        if it was asked for with ``listen`` and its engine can begin early. Otherwise its file, in the format
        that was asked for, once it is done. Raises ``SongFailed`` and ``SongCancelled``, also in the midst of
        the song."""
        yield from self._handed(self._operations.listen(song))
