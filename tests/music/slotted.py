"""Songs that come to MusicGen's slots and leave them."""

from __future__ import annotations

from collections.abc import Sequence

from music.musicgen.decoder import Track
from music.musicgen.gpu.slots import Slots


def play(slots: Slots, tracks: Sequence[Track], most: int, every: int) -> None:
    """Until all ``tracks`` are done: ``most`` of them at a time, of which one more joins each ``every``
    steps."""
    waiting, running, step = list(tracks), list[Track](), 0
    while running or waiting:
        if waiting and len(running) < most and step % every == 0:
            running.append(waiting.pop(0))
            slots.join(running[-1])
        if running:
            slots.step(running)
        step += 1
        for one in [one for one in running if one.done]:
            running.remove(one)
            slots.leave(one)
