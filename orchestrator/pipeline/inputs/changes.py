"""What a song is to be after a change: checked before anything is begun."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.engine import EngineInfo
from config.errors import Conflict, InvalidRequest
from config.spec import MANY
from lyrics.contract import SongPlan
from lyrics.restyling import restyled
from music.changes.bars import Bars
from music.contract import COMPOSERS, OF_PARTS, Task, TimedLine
from music.lrc import lines_in
from orchestrator.songs.brief import DURATION_S, Brief
from orchestrator.songs.facts.change import SongChange
from orchestrator.songs.facts.sound import MusicFacts, SectionTime
from orchestrator.songs.library import Library
from orchestrator.songs.limits import KeptPlan
from orchestrator.songs.manifest import Song, Status
from reading.language import language_name, language_of
from storage.contract import read

_SINGS: tuple[Task, ...] = (*OF_PARTS, "resing", "reference", "complete")
"""The tasks that words may be sent for."""

_NOT_KEPT = set("duration_s plan change variations keep draft photo photo_as_cover".split())
"""Of a photo the plan has all that it says, and the cover is the song's own."""


@dataclass(frozen=True)
class Wanted:
    """A request for a change, in seconds of the song."""

    task: Task
    words: str = ""
    """Of the new part. Empty: for another part, the words that were there; for more, none."""
    prompt: str = ""
    """How the new part is to sound, where it is to sound otherwise."""
    start_s: float | None = None
    end_s: float | None = None
    by_s: float | None = None
    before: bool = False
    strength: float | None = None
    """How far a remix goes from the song, 0 to 1."""


def sung_lines(library: Library, song: Song) -> tuple[TimedLine, ...]:
    """The lines of a song with their times; none if it has no such file."""
    asset = song.assets.get("lrc")
    if asset is None or song.music is None:
        return ()
    return lines_in(read(library.store, asset.key).decode(), song.music.duration_s)


def changed_brief(
    song: Song, lines: Sequence[TimedLine], engine: EngineInfo, wanted: Wanted, **fields: object
) -> Brief:
    """The brief of ``song`` after the change, with ``fields`` of its own: seed, format, variations. ``lines``
    are those that are sung in it.

    Raises ``Conflict`` for a song that is not done, and ``InvalidRequest`` for a task that the engine does
    not do, a span that is not in the song or shorter than a bar, a song that would be too long, words for an
    instrumental or in a language that the engine does not sing, and what the task cannot do without."""
    plan, music = finished_parts(song)
    if wanted.task == "stems" and any(role.startswith("stem:") for role in song.assets):
        raise Conflict(f"song {song.id} has its stems already", "they are in its `assets` and `urls`")
    check_task(engine, wanted.task)
    words = wanted.words.strip()
    _check_words(engine, plan, wanted.task, words)
    if wanted.task in ("remix", "reference") and not wanted.prompt.strip():
        raise InvalidRequest("prompt", "", 'say how the song is to sound: "bossa nova with soft strings"')
    duration_s, lyrics, anew_s = music.duration_s, plan.lyrics, 0.0
    if wanted.task in OF_PARTS:
        start_s, end_s = _span(music, plan, wanted)
        if wanted.task == "extend":
            if wanted.start_s is None and not wanted.before:  # its ending gives way, and does not count
                anew_s = music.duration_s - start_s
            duration_s = _extended_s(music, wanted, start_s + anew_s)
        if not words and wanted.task == "repaint":
            words = tagged(music.sections, [line for line in lines if start_s <= _middle(line) < end_s])
        before = [line for line in lines if _middle(line) < start_s]
        after = [line for line in lines if _middle(line) >= end_s]
        parts = (tagged(music.sections, before), words, tagged(music.sections, after))
        lyrics = "\n\n".join(filter(None, parts))
    elif words:
        lyrics = words
    known = song.brief.model_dump(exclude=_NOT_KEPT)
    change = SongChange(
        task=wanted.task,
        source=song.id,
        words=words,
        start_s=wanted.start_s,
        end_s=wanted.end_s,
        by_s=None if wanted.by_s is None else wanted.by_s + anew_s,
        anew_s=anew_s,
        before=wanted.before,
        strength=wanted.strength,
        style_seed=style_seed_of(song),
    )
    return Brief.model_validate(
        {
            **known,
            "duration_s": round(duration_s, 3),
            "cover": "cover" in song.assets,
            "plan": restyled(plan, wanted.prompt).model_copy(
                update={"lyrics": lyrics, "line_times_s": (), "warnings": ()}
            ),
            "change": change,
            **fields,
        }
    )


def tagged(sections: Iterable[SectionTime], lines: Sequence[TimedLine]) -> str:
    """The lines under the names of their sections, as lyrics are written."""
    parts = []
    for section in sections:
        inside = [line.text for line in lines if section.start_s <= _middle(line) < section.end_s]
        if inside:
            parts.append("\n".join((f"[{section.kind}]", *inside)))
    return "\n\n".join(parts)


def finished_parts(song: Song) -> tuple[SongPlan, MusicFacts]:
    """The plan, with the title that the song has now, and the music of a song that may be changed. Raises
    ``Conflict`` for one that is not done, and ``InvalidRequest`` for one that is past today's limits."""
    if song.status is not Status.DONE or song.music is None or "audio" not in song.assets:
        raise Conflict(f"song {song.id} is {song.status.value}", "change it when it is done")
    if song.plan is None or isinstance(song.plan, KeptPlan):
        fix = "it is past today's limits: make a new one of its words"
        raise InvalidRequest("source", song.id, fix)
    plan = song.plan.model_copy(update={"title": song.renamed}) if song.renamed else song.plan
    return plan, song.music


def separator_info(name: str) -> EngineInfo:
    """What ``changed_brief`` must know of the separator that is set: all of them do the same, and none says
    more before it has its weights, or on Modal before it has run once."""
    return EngineInfo(name=name, version="", licence="", tasks=("stems",))


def check_task(engine: EngineInfo, task: Task, *, of_recording: bool = False) -> None:
    """Raises ``InvalidRequest``, with who can, if ``engine`` does not do ``task``, or not to recordings."""

    def does(name: str) -> bool:
        if name not in COMPOSERS.built_in:
            return True
        spec = COMPOSERS.spec(name)
        return task in spec.tasks and (spec.changes_recordings or not of_recording)

    able = " or ".join(repr(name) for name in COMPOSERS.built_in if does(name)) or "none"
    if task not in engine.tasks:
        fix = f"engine {engine.name!r} does not do it: {able} does"
        if task == "stems":
            fix += ", and SONGWRIGHT_SEPARATION__ENGINE=demucs beside any engine"
        raise InvalidRequest("task", task, fix)
    if not does(engine.name):
        fix = f"engine {engine.name!r} changes its own songs alone, from their scores: {able} does recordings"
        raise InvalidRequest("source", "a recording", fix)


def _check_words(engine: EngineInfo, plan: SongPlan, task: Task, words: str) -> None:
    if not words:
        if task == "resing":
            raise InvalidRequest("lyrics", "", "give the words that are to be sung to the song's tune")
        return
    if task not in _SINGS:
        raise InvalidRequest(
            "lyrics", words, f"a song keeps its words in a {task}: leave them out, or resing it"
        )
    if plan.voice == "none":
        raise InvalidRequest("lyrics", words, "the song is an instrumental: leave them out")
    language = language_of(words) or plan.language
    known = COMPOSERS.spec(engine.name).languages if engine.name in COMPOSERS.built_in else MANY
    if known and known != MANY and language not in known and language != plan.language:
        sung = " or ".join(language_name(each) for each in known)
        fix = f"engine {engine.name!r} sings {sung}, and these words are {language_name(language)}"
        raise InvalidRequest("lyrics", words, f"{fix}: send others, or use an engine that sings them")


def _extended_s(music: MusicFacts, wanted: Wanted, from_s: float) -> float:
    by_s = wanted.by_s or 0.0
    duration_s = by_s + (music.duration_s if wanted.before else from_s)
    if duration_s > DURATION_S[1]:
        fix = f"a song has {DURATION_S[1]:g} s at the most: this one would have {duration_s:.0f}"
        raise InvalidRequest("by_s", f"{by_s:g}", fix)
    return duration_s


def _span(music: MusicFacts, plan: SongPlan, wanted: Wanted) -> tuple[float, float]:
    """The part that is not kept, by the song's bars if its tempo is known."""
    bars = Bars.of(music.tempo_bpm or plan.tempo_bpm, music.metre or plan.metre, music.duration_s)
    if wanted.task == "repaint":
        if wanted.start_s is None or wanted.end_s is None:
            fix = "name the span to replace: start_s and end_s, in seconds of the song"
            raise InvalidRequest("start_s", wanted.start_s, fix)
        first, last = bars.span(wanted.start_s, wanted.end_s)
        return first * bars.bar_s, last * bars.bar_s
    if wanted.before:
        return 0.0, 0.0
    if wanted.start_s is not None:
        if not 0.0 < wanted.start_s <= music.duration_s:
            fix = f"the song has {music.duration_s:.1f} s"
            raise InvalidRequest("start_s", f"{wanted.start_s:g}", fix)
        return bars.nearest(wanted.start_s) * bars.bar_s, music.duration_s
    last_section = music.sections[-1] if music.sections else None
    outro = last_section is not None and last_section.kind == "outro" and last_section.start_s > 0.0
    start_s = last_section.start_s if last_section and outro else music.duration_s
    return start_s, music.duration_s


def style_seed_of(song: Song) -> int:
    """The seed of the song's band and motif: that of the first song of its line."""
    change = song.brief.change
    return song.seed if change is None or change.style_seed is None else change.style_seed


def _middle(line: TimedLine) -> float:
    return 0.5 * (line.start_s + line.end_s)
