"""The song that somebody names on the command line: by its id, its beginning, or words of its title."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from config.errors import InvalidRequest, NotFound, Unavailable
from orchestrator.cli.lines import plain, say
from orchestrator.cli.output import counting
from orchestrator.cli.words import typed
from orchestrator.songs.index.catalogue import Catalogue
from orchestrator.songs.index.selection import Selection
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.reading import Damaged, is_id
from storage.local import LocalStore

MOST_SHOWN = 10
_AT_ONCE = 500
_STOPPED = (Status.CANCELLED, Status.FAILED)


def song_named(library: Library, text: str) -> str:
    """The id of the only song whose id begins with ``text``, or whose title has all of its words; without
    such a title, of the only one with them in its prompt or categories. "latest" is the newest.

    What is a whole id is that song's alone. If several songs match they are shown, and ``InvalidRequest`` is
    raised; ``NotFound`` if none does.
    """
    text = typed(text)
    catalogue = Catalogue(library)
    if text == "latest" or not text.strip():
        return catalogue.find(text)
    if is_id(text) and library.load_all([text])[0] is not None:
        return text
    beginning = catalogue.beginning(text, MOST_SHOWN + 1)
    if len(beginning) == 1:
        return beginning[0]
    songs = list(library.load_all(beginning)) if beginning else _by_words(library, text)
    found = [song for song in songs if song is not None]
    if not found:
        raise NotFound("song", text, "no id begins so, and no title has these words: see 'songwright list'")
    if len(found) == 1:
        return found[0].id
    how = "begins more than one id" if beginning else "fits more than one song"
    show_songs(found[:MOST_SHOWN])
    raise InvalidRequest("ID", text, f"it {how}: give more of the one that you mean")


def songs_named(library: Library, names: Iterable[str]) -> list[str]:
    """The songs of these names, each once. Raises as ``song_named``: one that leads nowhere is found before
    anything is done with the others."""
    return list(dict.fromkeys(song_named(library, name) for name in names))


def newest_done(library: Library) -> Song:
    """The newest song that is done. Raises ``NotFound`` if there is none."""
    for song in library.songs():
        if song.status is Status.DONE and "audio" in song.assets:
            return song
    raise NotFound("song", "latest", "none is done yet: 'songwright make' makes the first")


def ended_songs(
    library: Library, statuses: Collection[Status], *, before: datetime | None = None, most: int | None = None
) -> list[Song]:
    """The songs that ended in one of ``statuses``, newest first: ``most`` of them, and those that were
    requested ``before``. They are found by the index; where it cannot be kept, every song is read."""
    found = (song for song in _ended(library, statuses) if song.status in statuses)
    return list(islice((song for song in found if before is None or song.created_at < before), most))


def stopped_songs(library: Library) -> list[Song]:
    """The newest songs that were cancelled, by Ctrl-C too, or failed."""
    return ended_songs(library, _STOPPED, most=MOST_SHOWN)


def show_songs(songs: Sequence[Song | Damaged]) -> None:
    """A line for each on stderr, by which people tell them apart."""
    for song in songs:
        say(f"  {described(song)}")


def described(song: Song | Damaged) -> str:
    """The id, title or prompt, state and time of ``song`` in a line."""
    made = f"{song.created_at.astimezone():%Y-%m-%d %H:%M}"
    if isinstance(song, Damaged):
        return f"{song.id}  unreadable, {made}"
    name = plain(song.title or song.brief.description or song.brief.about)[:60] or "without a title"
    return f"{song.id}  {name} ({song.status.value}, {made})"


def _ended(library: Library, statuses: Collection[Status]) -> Iterator[Song]:
    try:
        wanted = Selection(states=frozenset(status.value for status in statuses))
        yield from (song for song in selected(library, wanted) if isinstance(song, Song))
    except Unavailable as error:
        say(plain(f"songwright: every song is read: {error}"))
        yield from library.songs()


def selected(library: Library, selection: Selection) -> Iterator[Song | Damaged]:
    """The songs of ``selection``, in its order. Raises ``Unavailable`` where there is no index to find them
    by."""
    catalogue, cursor = whole_catalogue(library), ""
    while True:
        found = catalogue.select(selection, cursor, _AT_ONCE)
        yield from found.songs
        if not found.cursor:
            return
        cursor = found.cursor


def whole_catalogue(library: Library) -> Catalogue:
    """The catalogue of the library, with its index made whole where that is quick: in a folder, and in a
    bucket if it has one. Raises ``Unavailable`` if it cannot be kept."""
    catalogue = Catalogue(library)
    quick = isinstance(library.store, LocalStore) or catalogue.is_built()
    if quick and not catalogue.is_whole():
        with counting("reading the library") as progress:
            catalogue.complete(progress)
    return catalogue


def _by_words(library: Library, text: str) -> list[Song | Damaged]:
    """Songs with these words: those that have them in their titles if there are any, and of these the one
    whose title they are."""
    try:
        found = whole_catalogue(library).search(text, "", 10 * MOST_SHOWN)
    except Unavailable as error:
        fix = f"no id begins so, and titles cannot be searched: {error.what}; {error.fix}"
        raise NotFound("song", text, fix) from error
    words = text.casefold().split()
    songs = [song for song in found if isinstance(song, Song)]
    titled = [song for song in songs if all(word in song.title.casefold() for word in words)]
    exact = [song for song in titled if song.title.casefold().split() == words]
    if len(exact) == 1:
        return [exact[0]]
    return [*titled] or [*songs]
