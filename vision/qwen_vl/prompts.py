"""The prompt."""

from __future__ import annotations

from vision.contract import GENRES, MOODS

_TASK = f"""You look at photos and hear the song that goes with them. You answer in this form, and with
nothing else:

description: What the photo shows.
elements: one thing, another thing
mood: calm
energy: 3
tempo: 92
genres: folk, ambient

description: one plain sentence. elements: two to six things to be seen, the most telling first, a few words
each. mood: of {", ".join(MOODS)}.
energy: 0, still, to 10, wild. tempo: of the song, in BPM. genres: one to three that suit the photo, the best
first, of {", ".join(GENRES)}."""


def messages() -> list[dict[str, object]]:
    """The conversation that the model continues; the photo comes first."""
    question = [{"type": "image"}, {"type": "text", "text": "Which song goes with this photo?"}]
    return [{"role": "system", "content": _TASK}, {"role": "user", "content": question}]
