"""Listeners and composers of the tests, by ``package.module:Class``."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import NoReturn

from config.engine import EngineInfo, Report
from config.errors import EngineUnavailable
from listening.contract import Heard, HeardLine, HeardWord, ListenRequest
from listening.words import written_words
from music.contract import Audio, MusicRequest
from music.sketch.engine import SketchComposer


class EvenListener:
    """Hears every second word, and takes all words to be sung evenly over the song."""

    info = EngineInfo(name="even", version="1", licence="MIT")

    def listen(self, request: ListenRequest, report: Report) -> Heard:
        report("listening", 0.0)
        words = [written_words(line) for line in request.lines]
        step_s = request.samples.shape[1] / request.rate_hz / max(1, sum(map(len, words)))
        number, lines = 0, []
        for text, line in zip(request.lines, words, strict=True):
            timed = []
            for word in line:
                missed = number % 2 == 1
                timed.append(HeardWord(word, number * step_s, (number + 1) * step_s, not missed, missed))
                number += 1
            lines.append(HeardLine(text, tuple(timed)))
        report("listening", 1.0)
        return Heard(tuple(lines), 0.5, request.language)


class BrokenListener(EvenListener):
    def listen(self, request: ListenRequest, report: Report) -> NoReturn:
        raise RuntimeError("a bug in the listener")


class AbsentListener(EvenListener):
    def __init__(self) -> None:
        raise EngineUnavailable("the listener is not here", "find it")


class KilledListener(EvenListener):
    def listen(self, request: ListenRequest, report: Report) -> NoReturn:
        os._exit(137)


class UntimedComposer:
    """The embedded composer, but it says nothing of when it sings, and gives no stems."""

    def __init__(self) -> None:
        self._composer = SketchComposer()
        self.info = replace(self._composer.info, name="untimed")

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        return replace(self._composer.compose(request, report), lines=(), stems={}, midi=None)
