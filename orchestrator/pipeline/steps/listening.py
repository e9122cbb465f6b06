"""The step that listens to a song: which of its words are heard, and when."""

from __future__ import annotations

from config.engine import Report
from listening.contract import Heard, Listener, ListenRequest
from music.contract import TimedLine, TimedWord
from music.lrc import lines_in, lrc_text
from music.sources.reading import samples_of
from orchestrator.pipeline.engines import engine_facts
from orchestrator.pipeline.steps.stored import SEED_BOUND, plan_of
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.facts.sound import ListeningFacts
from orchestrator.songs.library import put_asset
from orchestrator.songs.manifest import Asset, Song
from reading.languages.codes import language_code
from reading.lyrics import read_lyrics
from storage.contract import Store, read

_VOCALS = "stem:vocals"


def listen(listener: Listener, store: Store, song: Song, report: Report) -> StepResult:
    """Listens to the voice's stem if there is one, else to the whole. Stores timed lyrics if the composer
    gave none; its own are kept, for it knows when it sings."""
    stem = song.assets.get(_VOCALS)
    samples, rate_hz = samples_of(read(store, (stem or song.assets["audio"]).key))
    language = language_code(plan_of(song).language)
    duration_s = samples.shape[1] / rate_hz
    request = ListenRequest(
        samples, rate_hz, _lines(store, song, duration_s), language, voice_alone=stem is not None
    )
    heard = listener.listen(request, report)
    facts = ListeningFacts(
        share=round(heard.share, 4),
        language=heard.language,
        words=sum(len(line.words) for line in heard.lines),
        interpolated=heard.interpolated,
        of="vocals" if stem else "mix",
    )
    assets = _timed_lyrics(store, song, heard, duration_s) if "lrc" not in song.assets else {}
    return StepResult(engine_facts(listener.info, song.seed % SEED_BOUND, ()), assets, listening=facts)


def _lines(store: Store, song: Song, duration_s: float) -> tuple[str, ...]:
    """The lines that are sung: those that the composer says it sings, else all of the lyrics."""
    if lrc := song.assets.get("lrc"):
        return tuple(line.text for line in lines_in(read(store, lrc.key).decode(), duration_s))
    return tuple(line.text for line in read_lyrics(plan_of(song).lyrics).lines)


def _timed_lyrics(store: Store, song: Song, heard: Heard, duration_s: float) -> dict[str, Asset]:
    if not heard.lines:
        return {}
    lines = [
        TimedLine(line.text, tuple(TimedWord(word.text, word.start_s, word.end_s) for word in line.words))
        for line in heard.lines
    ]
    text = lrc_text(lines, title=plan_of(song).title, duration_s=duration_s, language=heard.language)
    kind = "text/plain; charset=utf-8"
    return {"lrc": put_asset(store, song.id, "lyrics.lrc", text.encode(), kind)}
