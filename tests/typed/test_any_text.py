"""Any text, in any field, through /plan, a whole song and ``songwright list``."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading.lyrics import read_lyrics
from tests.long import SOAK
from tests.orchestrator.test_cli import songwright
from tests.service.server import Server, serving
from tests.typed.test_table import EMBEDDED

HOSTILE = [
    *(
        "[Verse 1]",
        "(Chorus)",
        "【副歌】",
        "[Припев]:",
        "{bridge}",
        "[00:12.34]",
        "[ti:Neon]",
        "<00:01.00>",
    ),
    *("&amp;", "&#0;", "&lt;b&gt;", "<b>", "</i>", "**love**", "[/b]", "[red]", "[link=x]", ":smile:"),
    *("{0}", "{self}", "%s", "%n", "../../x", "\\", '"', "'", "`", "$(ls)", "\x1b[31m", "\x1b]0;x\x07"),
    *("\r", "\r\n", "\n", "\n\n", "\t", "\x00", "\x85", "\u2028", "\ufeff", "\u200b", "\u202e", "\u2066"),
    *("\U000e0041", "🎉", "👨\u200d👩\u200d👧", "é", "ｆｕｌｌ", "愛してる", "привет", "שלום", "สวัสดี"),
    *(
        "(x2)",
        "(ooh)",
        "x99",
        "[singer 2: male]",
        "120 BPM",
        "no drums",
        "50%",
        "24/7",
        "$5",
        "#1",
        "la la",
    ),
]
PIECES = st.sampled_from(HOSTILE)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=12).map(" ".join),
    st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=12).map("\n".join),
)
WORDS = st.lists(
    st.lists(st.text("abcdefgijklmnoprstuwyz", min_size=1, max_size=7), min_size=1, max_size=6).map(" ".join),
    min_size=1,
    max_size=6,
).map("\n".join)
_SAID = re.compile(r"the last (?:(\d+) )?(words?|lines?|syllables?) of the lyrics do")
JSON = {"Content-Type": "application/json"}
QUIET = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with serving(home, **EMBEDDED) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def unseen(text: str) -> list[str]:
    """The control and bidirectional characters in ``text``, line ends apart."""
    return [
        character
        for character in text
        if (unicodedata.category(character) == "Cc" and character != "\n")
        or unicodedata.bidirectional(character)
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]


def texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def checked(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that is ours: no 5xx, and no control characters."""
    assert answer.status_code < 500, answer.text
    found: dict[str, Any] = answer.json()
    for text in texts(found):
        assert not unseen(text), text
    return found


@given(text=TEXTS)
@settings(QUIET, max_examples=120)
def test_any_text_in_any_field_gets_a_plan_or_a_reason(text: str, client: httpx.Client) -> None:
    for body in (
        {"full_described_song": text},
        {"prompt": text, "lyrics": "One line"},
        {"prompt": "pop", "lyrics": text},
        {"prompt": "pop", "described_lyrics": text},
        {text: text, "full_described_song": "a pop song"},
    ):
        found = checked(
            client.post("/plan", content=json.dumps({**body, "audio_duration": 30}), headers=JSON)
        )
        assert "title" in found or found["detail"]
    checked(client.get("/songs", params={"status": text}))


@given(text=TEXTS)
@settings(QUIET, max_examples=60)
def test_any_text_in_any_field_of_a_plan_is_kept_or_refused(text: str, client: httpx.Client) -> None:
    plan = client.post("/plan", json={"full_described_song": "pop about rain", "audio_duration": 5}).json()
    for name, value in plan.items():
        if isinstance(value, str | list) and name != "line_times_s":
            body = {
                "full_described_song": "x",
                "plan": {**plan, name: [text] if isinstance(value, list) else text},
            }
            checked(client.post("/plan", content=json.dumps(body), headers=JSON))


@pytest.mark.long
@given(text=TEXTS, words=WORDS)
@settings(QUIET, max_examples=15 if SOAK else 8)
def test_any_text_becomes_a_song_with_its_words_in_order(text: str, words: str, client: httpx.Client) -> None:
    for lyrics in (text, words):
        body = {"prompt": f"pop {text[:40]}", "lyrics": lyrics, "audio_duration": 5, "seed": 3}
        answer = client.post("/generate-with-lyrics", content=json.dumps(body), headers=JSON)
        song = checked(answer)
        if answer.status_code != 200:
            assert answer.status_code == 422, song
            continue
        files = {
            role: client.get(f"/songs/{song['id']}/{role}").raise_for_status().text
            for role in ("lyrics", "lrc")
            if role in song["assets"]
        }
        assert not any(map(unseen, files.values()))
        wanted = [word for line in read_lyrics(song["plan"]["lyrics"]).lines for word in sounding(line.text)]
        if lyrics is words:
            assert wanted == words.split()
        found = sung(files.get("lrc", ""))
        assert found == wanted[: len(found)]
        assert len(found) == len(wanted) or any(map(_SAID.search, song["warnings"])), song["warnings"]


@pytest.mark.long
def test_the_list_shows_what_was_typed_as_plain_words(client: httpx.Client, home: Path) -> None:
    typed = "\n".join(str(piece) for piece in HOSTILE)
    for n in range(3):
        body = {"prompt": f"pop {typed}", "lyrics": f"{typed}\nword", "audio_duration": 5, "seed": n}
        song = checked(client.post("/generate-with-lyrics", content=json.dumps(body), headers=JSON))
        assert song["status"] == "done"
    for arguments in (("list",), ("show",), ("list", "--json"), ("show", "--json")):
        shown = songwright(home, *arguments, variables=EMBEDDED)
        assert shown.returncode == 0, shown.stderr
        assert "Traceback" not in shown.stderr
        assert not unseen(shown.stdout)


def sounding(line: str) -> list[str]:
    """The words of a line that have a letter or a digit."""
    return [word for word in line.split() if any(map(str.isalnum, word))]


def sung(lrc: str) -> list[str]:
    """The words of an LRC file, in order."""
    lines = (line for line in lrc.splitlines() if "<" in line)
    return [word for line in lines for word in sounding(re.sub(r"^\[[^\]]*\]|<\d+:\d+\.\d+>", " ", line))]
