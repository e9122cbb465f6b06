"""The best of several takes of a song: each is rated by what was measured of it, and by how many of its words
were heard."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from config.errors import NotFound, SongwrightError, Unreadable
from orchestrator.songs.facts.sound import Takes
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status

log = logging.getLogger(__name__)

_FAULTS = {"clipped": 60.0, "silent": 60.0, "cut": 40.0, "short": 40.0, "level": 20.0}
"""The most points, of a hundred, that a take loses for each fault. For words that are not heard it loses
their share of all points."""
_CLIPPED, _SILENT = 0.02, 0.3
"""Shares at which all of these points are lost."""
_RESTS = 0.08
"""The share of silence that any song may have."""
_FADED_DB, _CUT_DB = -25.0, -12.0
"""Where an end is a fade, and where it is a cut."""
_SHORT = 0.02
_USUAL_LU, _ODD_LU = 2.0, 8.0
"""How far a take's loudness may be from that of most, and where all of these points are lost."""


@dataclass(frozen=True)
class Rating:
    """A take's points, 0 to 100, and its faults in words, the worst first."""

    points: float
    faults: tuple[str, ...]


def rating_of(song: Song, usual_lufs: float | None = None) -> Rating:
    """The rating of a song that is done; ``usual_lufs`` is the loudness of most of its takes."""
    found: list[tuple[float, str]] = []
    music = song.music
    if music is None:
        return Rating(0.0, ("it has no music",))
    if quality := music.quality:
        found += [
            (
                _FAULTS["clipped"] * min(quality.clipped / _CLIPPED, 1.0),
                f"{quality.clipped:.1%} of its samples are clipped",
            ),
            (
                _FAULTS["silent"] * min(max(quality.silent - _RESTS, 0.0) / _SILENT, 1.0),
                f"nothing is heard in {quality.silent:.0%} of it",
            ),
            (_FAULTS["cut"] * _between(quality.end_db, _FADED_DB, _CUT_DB), "its end is cut off"),
        ]
    wanted_s = song.brief.duration_s if song.brief.change else song.brief.new_s
    if music.duration_s < (1.0 - _SHORT) * wanted_s:
        found.append((_FAULTS["short"], f"it has {music.duration_s:.0f} s of {wanted_s:.0f}"))
    if usual_lufs is not None and music.loudness_lufs is not None:
        off = abs(music.loudness_lufs - usual_lufs)
        found.append(
            (_FAULTS["level"] * _between(off, _USUAL_LU, _ODD_LU), f"it is {off:.0f} LU from the others")
        )
    if song.listening:
        missed = 1.0 - song.listening.share
        found.append((100.0 * missed, f"{song.listening.share:.0%} of its words were heard"))
    found = sorted(((lost, what) for lost, what in found if lost >= 0.5), reverse=True)
    return Rating(max(100.0 - sum(lost for lost, _ in found), 0.0), tuple(what for _, what in found))


def best_of(songs: Sequence[Song]) -> Takes | None:
    """Which of the takes is the best, and why; None if none is done. Of equals it is the first."""
    done = sorted((song for song in songs if song.status is Status.DONE), key=lambda song: song.variation)
    if not done:
        return None
    levels = [
        song.music.loudness_lufs for song in done if song.music and song.music.loudness_lufs is not None
    ]
    usual = median(levels) if len(levels) > 2 else None
    ratings = {song.id: rating_of(song, usual) for song in done}
    best = max(done, key=lambda song: ratings[song.id].points)
    parts = [_words(song, ratings[song.id]) for song in (best, *(one for one in done if one is not best))]
    failed = len(songs) - len(done)
    if failed:
        parts.append(f"{failed} not made")
    return Takes(
        best=best.id,
        why="; ".join(parts),
        points={song.id: round(ratings[song.id].points, 1) for song in done},
    )


def settle(library: Library, ended: Song) -> None:
    """Once all takes of the request of ``ended`` have ended, writes which is the best into each manifest, and
    deletes the others if the request says so. Does nothing for other requests. Two takes that end at once
    write the same."""
    if ended.brief.keep == "all" or len(ended.sibling_ids) < 2:
        return
    songs = [song for song_id in ended.sibling_ids if (song := library.load_or_skip(song_id))]
    if not all(song.status.finished for song in songs):
        return
    takes = best_of(songs)
    if takes is None:
        return
    for song in songs:
        if ended.brief.keep == "only_best" and song.id != takes.best:
            library.delete(song.id)
        else:
            _write(library, song.id, takes)


def _write(library: Library, song_id: str, takes: Takes) -> None:
    for _ in range(3):  # unless somebody writes at the same time, or deletes it
        try:
            song, etag = library.version(song_id)
            if song.takes == takes or library.save_if(song.model_copy(update={"takes": takes}), etag):
                return
        except (NotFound, Unreadable):
            return
        except SongwrightError as error:
            log.warning("the best take is not noted: %s", error, extra={"song_id": song_id})
            return


def _words(song: Song, rating: Rating) -> str:
    what = ", ".join(rating.faults[:2]) or "nothing is wrong with it"
    return f"take {song.variation + 1} ({rating.points:.0f} of 100): {what}"


def _between(value: float, good: float, bad: float) -> float:
    return min(max((value - good) / (bad - good), 0.0), 1.0)
