"""Written forms sound as the words that are spoken for them: of two songs of one seed, one with each, the
whole audio is the same sample by sample. What is read (the LRC file) keeps the written form."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import httpx
import mido
import numpy as np
import pytest
import soundfile

from tests.long import SOAK
from tests.phonetics.spoken_forms import SPOKEN
from tests.service.server import serving
from tests.typed.test_table import EMBEDDED

FORMS = 64 if SOAK else 24
"""How many of the table's forms are sung; the others are tried in tests/phonetics. A song takes seconds."""
COUNT = FORMS // 8
"""How many songs they make, written, and as many spoken."""
# "I" and "A" as letters are stressed, which the same words in a line are not.
SUNG_ALIKE = [
    (written, words)
    for written, words in SPOKEN.items()
    if words and not re.search(r"\b[AIU]\b", words) and "\u00ad" not in written
]
SUNG_ALIKE = [SUNG_ALIKE[n * len(SUNG_ALIKE) // FORMS] for n in range(FORMS)]
SIZE = len(SUNG_ALIKE) // COUNT
BATCHES = [SUNG_ALIKE[at : at + SIZE] for at in range(0, len(SUNG_ALIKE), SIZE)]
# Words with two sounds, in lines that others sound like.
HOMOPHONES = [
    ("my heart is made of lead", "my heart is made of led"),
    ("I read it yesterday", "I red it yesterday"),
    ("come on and drop the bass", "come on and drop the base"),
    ("wind it up again", "wined it up again"),
    ("a bow and arrow", "a beau and arrow"),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(tmp_path_factory.mktemp("spoken"), **EMBEDDED) as server, server.client() as client:
        yield client


def sing(client: httpx.Client, lines: list[str]) -> dict[str, Any]:
    body = {
        "prompt": "joyful pop song in C major, 160 BPM, 4/4, female voice",  # the words decide nothing else
        "lyrics": "[verse]\n" + "\n".join(lines),
        "seed": 7,
        "audio_duration": 30.0,
        "audio_format": "wav",
    }
    answer = client.post("/generate-with-lyrics", json=body)
    assert answer.status_code == 200, answer.text
    song: dict[str, Any] = answer.json()
    for role in ("audio", "midi"):
        song[role] = client.get(f"/songs/{song['id']}/{role}").raise_for_status().content
    song["lrc"] = client.get(f"/songs/{song['id']}/lrc").raise_for_status().text
    return song


def samples(song: dict[str, Any]) -> Any:
    return soundfile.read(io.BytesIO(song["audio"]), dtype="int16")[0]


def notes(song: dict[str, Any]) -> list[list[str]]:
    """The messages of each track with their times, but for texts."""
    file = mido.MidiFile(file=io.BytesIO(song["midi"]))
    found = []
    for track in file.tracks:
        now, messages = 0, []
        for message in track:
            now += message.time
            if not message.is_meta:
                messages.append(f"{now} {message.copy(time=0)}")
        found.append(messages)
    return found


def sung_words(song: dict[str, Any]) -> list[str]:
    lines = [line for line in song["lrc"].splitlines() if "<" in line]
    return re.sub(r"[\[<]\d+:\d+\.\d+[\]>]", " ", " ".join(lines)).split()


@pytest.mark.parametrize("pairs", BATCHES, ids=lambda pairs: pairs[0][1].replace(" ", "-"))
def test_what_is_written_is_sung_as_it_is_spoken(pairs: list[tuple[str, str]], client: httpx.Client) -> None:
    written = sing(client, [f"we sing {form}" for form, _ in pairs])
    spoken = sing(client, [f"we sing {words}" for _, words in pairs])
    assert not [each for each in written["warnings"] if "do not fit" in each]
    assert notes(written) == notes(spoken)
    assert np.array_equal(samples(written), samples(spoken))
    # Letters and their accents are one character each, however they were typed.
    lines = " ".join(f"we sing {unicodedata.normalize('NFC', form)}" for form, _ in pairs)
    assert sung_words(written) == lines.split()


def test_words_with_two_sounds_are_sung_by_their_line(client: httpx.Client) -> None:
    first, second = (sing(client, [pair[n] for pair in HOMOPHONES]) for n in (0, 1))
    assert notes(first) == notes(second)
    assert np.array_equal(samples(first), samples(second))


def test_another_sense_is_another_sound(client: httpx.Client) -> None:
    first, second = (sing(client, [line]) for line in ("a tear in my eye", "we tear in my eye"))
    assert not np.array_equal(samples(first), samples(second))
