"""The best of several takes: real songs, of which one was damaged, are listened to and rated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from config.engine import ignore_progress
from listening.contract import Listener, ListenRequest
from music.contract import Audio, MusicRequest, Samples
from music.levels.mastering import mastered
from music.levels.quality import quality_of
from music.sketch.engine import SketchComposer
from orchestrator.pipeline.engines import music_facts
from orchestrator.pipeline.takes import best_of, rating_of, settle
from orchestrator.songs.brief import Brief
from orchestrator.songs.facts.sound import ListeningFacts
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status, new_songs
from reading.lyrics import read_lyrics
from storage.local import LocalStore
from tests.listening.songs import tiny
from tests.long import SOAK

SECONDS = 14.0
REQUESTS = {
    "pop": "Morning paints the quiet street\nHold the light and let it grow",
    "folk": "Over the hill the river runs\nCarry me home before the sun",
    "rock": "Turn the engine up tonight\nNever going to lose this fight",
    "soul": "Baby take it slow with me\nUnder the old magnolia tree",
    "country": "Dusty road and pickup truck\nMama wished me all the luck",
}
WRONG = "Seven purple elephants\nCounting paper continents"
TAKES = 4


def cut(sound: Samples) -> Samples:
    return sound[:, : round(0.8 * sound.shape[1])]


def silent(sound: Samples) -> Samples:
    left = sound.copy()
    left[:, round(0.3 * left.shape[1]) : round(0.75 * left.shape[1])] = 0.0
    return left


def clipped(sound: Samples) -> Samples:
    return np.clip(5.0 * sound, -0.9, 0.9).astype(np.float32)


DAMAGES: dict[str, Callable[[Samples], Samples]] = {"cut": cut, "silent": silent, "clipped": clipped}


def damaged_by(damage: str, audio: Audio) -> Audio:
    change = DAMAGES[damage]
    return replace(
        audio,
        samples=change(audio.samples),
        stems={name: change(stem) for name, stem in audio.stems.items()},
    )


@cache
def composed(genre: str, take: int, words: str) -> Audio:
    request = MusicRequest(prompt=genre, genre=genre, lyrics=words, seed=40 + take, duration_s=SECONDS)
    audio = SketchComposer().compose(request, ignore_progress)
    return replace(audio, stems={"vocals": audio.stems["vocals"]})


def song_of(base: Song, audio: Audio, words: str, listener: Listener) -> Song:
    """The song as it is stored once it was measured and listened to."""
    lines = tuple(line.text for line in read_lyrics(words).lines)
    wish = ListenRequest(audio.stems["vocals"], audio.rate_hz, lines, "en", voice_alone=True)
    heard = listener.listen(wish, ignore_progress)
    facts = ListeningFacts(
        share=heard.share, language=heard.language, words=1, interpolated=heard.interpolated, of="vocals"
    )
    return base.model_copy(update={"status": Status.DONE, "music": music_facts(audio), "listening": facts})


@pytest.fixture(scope="module")
def listener() -> Listener:
    return tiny()


EVERY_PAIR = [(genre, damage) for genre in REQUESTS for damage in (*DAMAGES, "wrong words")]
# Every other one, like the squares of one colour on a board: each song and each damage is among them.
PAIRS = [pair for place, pair in enumerate(EVERY_PAIR) if SOAK or (place + place // 4) % 2 == 0]


@pytest.mark.parametrize(("genre", "damage"), PAIRS)
def test_the_take_that_was_damaged_is_never_the_best(genre: str, damage: str, listener: Listener) -> None:
    """Requests of four takes. The damaged one is the one that would be the best without it."""
    words = REQUESTS[genre]
    songs = whole(genre, listener)
    first = best_of(songs)
    assert first
    number = [song.id for song in songs].index(first.best)
    audio = composed(genre, number, words)
    audio = damaged_by(damage, audio) if damage in DAMAGES else composed(genre, number, WRONG)
    damaged = song_of(songs[number], audio, words, listener)
    takes = best_of([damaged if song is songs[number] else song for song in songs])
    assert takes
    assert takes.best != damaged.id
    assert takes.points[damaged.id] < min(takes.points[song.id] for song in songs if song.id != damaged.id)
    assert f"take {number + 1} (" in takes.why


@cache
def whole(genre: str, listener: Listener) -> tuple[Song, ...]:
    words = REQUESTS[genre]
    brief = Brief(description=genre, lyrics=words, duration_s=SECONDS, seed=40, variations=TAKES, keep="best")
    return tuple(
        song_of(song, composed(genre, take, words), words, listener)
        for take, song in enumerate(new_songs(brief))
    )


def test_the_best_is_written_into_every_take_or_the_others_are_deleted(tmp_path: Path) -> None:
    for keep, left in (("best", 3), ("only_best", 1), ("all", 3)):
        library = Library(LocalStore(tmp_path / keep))
        brief = Brief(description="pop", duration_s=SECONDS, variations=3, keep=keep)
        songs = [
            library.save(song.model_copy(update={"status": Status.DONE, "music": music_facts(audio)}))
            for song, audio in zip(new_songs(brief), (_tone(0.99), _tone(0.3), _tone(0.0)), strict=True)
        ]
        settle(library, songs[0])
        stored = [song for each in songs if (song := library.load_or_skip(each.id))]
        assert len(stored) == left
        if keep == "all":
            assert [song.takes for song in stored] == [None] * 3
            continue
        for song in stored:
            assert song.takes
            assert song.takes.best == songs[1].id
            assert "take 3 (" in song.takes.why
            assert "nothing is heard in 100% of it" in song.takes.why


def test_nothing_is_decided_before_all_takes_have_ended(tmp_path: Path) -> None:
    library = Library(LocalStore(tmp_path))
    brief = Brief(description="pop", duration_s=SECONDS, variations=2, keep="only_best")
    one, other = (library.save(song) for song in new_songs(brief))
    done = library.save(one.model_copy(update={"status": Status.DONE, "music": music_facts(_tone(0.3))}))
    settle(library, done)
    assert library.load(one.id).takes is None
    failed = library.save(other.model_copy(update={"status": Status.FAILED}))
    settle(library, failed)
    takes = library.load(one.id).takes
    assert takes
    assert takes.best == one.id
    assert "1 not made" in takes.why
    assert library.load_or_skip(other.id) is None


def test_a_fault_costs_points_by_how_much_there_is_of_it() -> None:
    audio = composed("pop", 0, REQUESTS["pop"])
    brief = Brief(description="pop", duration_s=SECONDS)
    base = new_songs(brief)[0].model_copy(update={"status": Status.DONE})

    def points(changed: Audio) -> float:
        return rating_of(base.model_copy(update={"music": music_facts(changed)})).points

    whole_points = points(audio)
    assert whole_points > 95.0
    falls = [points(replace(audio, samples=np.clip(gain * audio.samples, -1, 1))) for gain in (1.5, 2.5, 6.0)]
    assert falls == sorted(falls, reverse=True)
    assert falls[-1] < whole_points - 50.0
    assert quality_of(audio.samples, audio.rate_hz).clipped < 1e-4
    # What the mastering step does is no fault.
    assert points(mastered(replace(audio, loudness_lufs=None), ignore_progress)) > 95.0


def _tone(level: float) -> Audio:
    """Fourteen seconds of a tone that fades at its end; at 0.99 it is clipped."""
    rate_hz = 32_000
    t = np.arange(round(SECONDS * rate_hz)) / rate_hz
    fade = np.minimum(1.0, (SECONDS - t) / 0.5)
    wave = np.clip(level * (3.0 if level > 0.9 else 1.0) * np.sin(440.0 * t), -level, level) * fade
    return Audio(np.tile(wave.astype(np.float32), (2, 1)), rate_hz)
