"""What a song is to be that is made from a recording: checked before anything is begun."""

from __future__ import annotations

from config.engine import EngineInfo
from config.errors import InvalidRequest
from lyrics.recorded import recorded_plan
from music.contract import Task
from orchestrator.pipeline.inputs.changes import Wanted, check_task
from orchestrator.pipeline.inputs.recordings import Recording
from orchestrator.songs.brief import DURATION_S, Brief
from orchestrator.songs.facts.change import SongChange

SHORTEST_SPAN_S = 1.0
_NEEDS_A_SCORE: tuple[Task, ...] = ("resing",)
_NEEDS_A_PROMPT: tuple[Task, ...] = ("remix", "reference")


def source_brief(recording: Recording, engine: EngineInfo, wanted: Wanted, **fields: object) -> Brief:
    """The brief of a song that is made from ``recording``, with ``fields`` of its own: seed, format,
    variations, and ``duration_s`` for the task "reference". Its style is what ``wanted.prompt`` says; its
    words are ``wanted.words``, and without them and a named voice the new part is an instrumental.

    Raises ``InvalidRequest`` for a task that the engine does not do or that a recording is not enough for, a
    span that is not in it, and a song that would be too short or too long."""
    _check_task(engine, wanted)
    start_s, end_s = _span(recording, wanted)
    duration_s = recording.duration_s
    if wanted.task == "extend":
        by_s = wanted.by_s or 0.0
        duration_s = by_s + (recording.duration_s if wanted.before or start_s is None else start_s)
        if duration_s > DURATION_S[1]:
            fix = f"a song has {DURATION_S[1]:g} s at the most: this one would have {duration_s:.0f}"
            raise InvalidRequest("by_s", f"{by_s:g}", fix)
    if duration_s < DURATION_S[0] and "duration_s" not in fields:
        fix = f"a song has {DURATION_S[0]:g} s at the least: send a longer recording"
        raise InvalidRequest("source", f"{duration_s:g} s", fix)
    plan = recorded_plan(recording.name, wanted.prompt, wanted.words.strip(), recording.tempo_bpm)
    if wanted.words.strip() and plan.voice == "none":
        fix = "the prompt asks for an instrumental: leave the words out, or say it otherwise"
        raise InvalidRequest("lyrics", wanted.words, fix)
    change = SongChange(
        task=wanted.task,
        source=recording.id,
        rights=recording.rights,
        words=plan.lyrics,
        start_s=start_s,
        end_s=end_s,
        by_s=wanted.by_s,
        before=wanted.before,
        strength=wanted.strength,
    )
    return Brief.model_validate(
        {
            "description": wanted.prompt,
            "instrumental": plan.voice == "none",
            "duration_s": round(duration_s, 3),
            "plan": plan,
            "change": change,
            **fields,
        }
    )


def _check_task(engine: EngineInfo, wanted: Wanted) -> None:
    task = wanted.task
    check_task(engine, task, of_recording=True)
    if task in _NEEDS_A_SCORE:
        fix = "when the words of a recording are sung is not known: repaint a span of it with other words"
        raise InvalidRequest("task", task, fix)
    if task in _NEEDS_A_PROMPT and not wanted.prompt.strip():
        raise InvalidRequest("prompt", "", 'say how the song is to sound: "bossa nova with soft strings"')


def _span(recording: Recording, wanted: Wanted) -> tuple[float | None, float | None]:
    """In seconds of the recording, whose bars are not known."""
    start_s, end_s, long_s = wanted.start_s, wanted.end_s, recording.duration_s
    if start_s is not None and not 0.0 <= start_s <= long_s:
        raise InvalidRequest("start_s", f"{start_s:g}", f"the recording has {long_s:.1f} s")
    if wanted.task != "repaint":
        return start_s, None
    if start_s is None or end_s is None:
        fix = "name the span to replace: start_s and end_s, in seconds of the recording"
        raise InvalidRequest("start_s" if start_s is None else "end_s", "", fix)
    if not start_s < end_s <= long_s + 0.5:
        fix = f"it is to lie between start_s, {start_s:g}, and the recording's end, {long_s:.1f}"
        raise InvalidRequest("end_s", f"{end_s:g}", fix)
    if end_s - start_s < SHORTEST_SPAN_S:
        raise InvalidRequest("end_s", f"{end_s:g}", f"give {SHORTEST_SPAN_S:g} s at the least")
    return start_s, min(end_s, long_s)
