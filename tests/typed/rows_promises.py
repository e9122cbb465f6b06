"""Promises agree: who sings, what is sung, and what the plan says of it."""

from typing import Any

from tests.typed.table import Has, Lacks, Row, about, sung, with_lyrics

WORDS = "[verse]\nWalking home in the rain"
NO_WORDS = Has("the lyrics have no words to sing: the song is an instrumental")
NOT_SUNG: dict[str, Any] = {"lyrics": "", "voice": "none", "line_times_s": []}


def silent(lyrics: str) -> Row:
    return with_lyrics(7, lyrics, **NOT_SUNG, tags=Has("instrumental"), warnings=NO_WORDS)


def wins(prompt: str) -> Row:
    """The style asks for no vocals, and there are words."""
    note = Has("the description asks for no vocals, and there are lyrics: they are sung")
    return with_lyrics(
        7,
        WORDS,
        prompt=prompt,
        lyrics=WORDS,
        voice=Lacks("none"),
        exclude=[],
        tags=Lacks("instrumental"),
        warnings=note,
    )


def edited(changes: dict[str, Any], request: dict[str, Any] | None = None, **expected: Any) -> Row:
    """A plan that the user edited."""
    plan = {
        "title": "Home", "tags": ["pop", "calm", "100 BPM", "female vocal"], "lyrics": WORDS,
        "categories": ["Pop", "Calm", "Rain"], "genre": "pop", "mood": "calm", "energy": 4,
        "tempo_bpm": 100.0, "key": "C major", "voice": "female", "cover_prompt": "a street in the rain",
    }  # fmt: skip
    body = {"prompt": "pop", "lyrics": WORDS, "plan": plan | changes, **(request or {})}
    return Row(7, "plan", body, expected)


def many_lines(lines: int, words: str, seconds: float, warnings: Any) -> Row:
    body = {"prompt": "pop", "lyrics": "\n".join([words] * lines), "audio_duration": seconds, "seed": 7}
    return Row(7, "plan", body, {"warnings": warnings})


ROWS: list[Row] = [
    # Who sings.
    *(
        with_lyrics(7, lyrics, prompt=prompt, voice=voice, warnings=note)
        for lyrics, prompt, voice, note in (
            ("[singer 1: male]\nI dance\n\n[singer 2: female]\nI walk alone", "pop duet", "duet", []),
            ("[verse]\nI dance\n\n[singer 2: female]\nI walk alone", "pop", "duet", []),
            ("[verse 1 - him]\nI dance\n\n[verse 2 - her]\nI walk alone", "pop", "duet", []),
            ("[both]\nI dance", "pop", "duet", []),
            ("Woman: I dance\nMan: I walk alone", "pop", "duet", []),
            ("I dance\nI walk alone", "pop, duet", "duet", []),
            (
                "[verse - female]\nI walk",
                "pop, male voice",
                "female",
                Has("male voice, and the lyrics' marks for a"),
            ),
            ("[verse - male]\nI walk", "pop", "male", []),
            ("[verse - female]\nI walk\n\n[chorus]\nWe sing", "pop, male voice", "duet", []),
            ("[verse - choir]\nWe sing", "pop", "choir", []),
            (
                "[verse - female]\nI walk\n\n[chorus - female]\nI sing",
                "duet",
                "female",
                Has("asks for two voices"),
            ),
        )
    ),
    # "No vocals", and words.
    wins("pop, no vocals"),
    wins("instrumental lo-fi"),
    wins("dark techno without vocals"),
    with_lyrics(7, WORDS, prompt="pop with vocals", warnings=[]),
    Row(
        7,
        "plan",
        {"prompt": "pop", "lyrics": WORDS, "instrumental": True, "seed": 7},
        {
            **NOT_SUNG,
            "tags": Has("instrumental"),
            "warnings": ["instrumental is true: the lyrics are not sung"],
        },
    ),
    Row(
        7,
        "plan",
        {"prompt": "pop, female voice", "lyrics": WORDS, "instrumental": True, "seed": 7},
        {**NOT_SUNG, "tags": Lacks("female vocal")},
    ),
    Row(
        7,
        "plan",
        {"prompt": "jazz, no vocals", "described_lyrics": "a lost love", "seed": 7},
        {**NOT_SUNG, "warnings": Has("the description asks for no vocals: no lyrics are written")},
    ),
    about(7, "instrumental jazz", **NOT_SUNG, warnings=[]),
    *map(
        silent,
        (
            "[verse]\n[chorus]",
            "[intro]\n\n[verse 1]\n\n[outro]",
            "...\n!!!",
            "😀🎉\n🎶",
            "♪ ♪",
            "—",
            "[chorus]\n?!",
        ),
    ),
    with_lyrics(7, "1 2 3", lyrics="1 2 3", voice="female", warnings=Lacks("instrumental")),
    with_lyrics(7, "[verse]\n😀 hello", lyrics="[verse]\n😀 hello", warnings=[]),
    with_lyrics(7, " \n\t", **NOT_SUNG),
    with_lyrics(7, "\u200b\ufeff", **NOT_SUNG),
    # A plan that the user edited.
    edited({}, lyrics=WORDS, voice="female", warnings=[]),
    edited(
        {"voice": "none"},
        **NOT_SUNG,
        tags=Has("instrumental"),
        warnings=["plan.voice is 'none': the plan's lyrics are not sung"],
    ),
    edited({"lyrics": ""}, **NOT_SUNG, warnings=Has("plan.lyrics is empty, so nobody sings")),
    edited({"lyrics": "", "voice": "none"}, **NOT_SUNG, warnings=[]),
    edited({"lyrics": "[verse]\n[chorus]"}, **NOT_SUNG, warnings=NO_WORDS),
    edited(
        {},
        {"instrumental": True},
        **NOT_SUNG,
        warnings=["instrumental is true: the plan's lyrics are not sung"],
    ),
    edited({"voice": "male"}, voice="male", tags=["pop", "calm", "100 BPM", "male vocal"]),
    edited(
        {"exclude": ["vocals", "drums"]},
        lyrics=WORDS,
        voice="female",
        exclude=["drums"],
        warnings=Has("they are sung"),
    ),
    edited({"tempo_bpm": 140.0}, tags=["pop", "calm", "140 BPM", "female vocal"]),
    edited({"line_times_s": [2.0]}, line_times_s=[2.0], warnings=[]),
    edited(
        {"line_times_s": [2.0, 3.0]},
        line_times_s=[],
        warnings=Has("line_times_s has 2 times and the lyrics 1 line"),
    ),
    edited({"line_times_s": [-1.0]}, status_code=422, error=Has("-1.0")),
    edited(
        {"lyrics": "[verse]\none\ntwo", "line_times_s": [3.0, 2.0]},
        line_times_s=[],
        warnings=Has("do not rise from line to line"),
    ),
    # More words than time.
    many_lines(
        40, "Walking home together in the pouring rain", 30.0, Has("the 40 lines of the lyrics take 74 s")
    ),
    many_lines(40, "Walking home together in the pouring rain", 180.0, []),
    many_lines(40, "I love you", 30.0, Has("the 40 lines of the lyrics take")),
    many_lines(40, "I love you", 60.0, []),
    many_lines(4, "Walking home in the rain", 30.0, []),
    many_lines(9, "Walking home together in the pouring rain", 5.0, Has("may not fit into 5 s")),
    many_lines(1, "la " * 60, 5.0, Has("the line of the lyrics takes 10 s or more")),
    # What is heard.
    Row(
        7,
        "song",
        {"prompt": "pop", "lyrics": WORDS, "instrumental": True, "seed": 7, "audio_duration": 5.0},
        {
            "plan.voice": "none",
            "plan.lyrics": "",
            "assets.lyrics": None,
            "assets.lrc": None,
            "warnings": ["instrumental is true: the lyrics are not sung"],
        },
    ),
    sung(
        7,
        "[verse]\n[chorus]",
        seconds=5.0,
        **{"plan.voice": "none", "assets.lyrics": None, "assets.lrc": None},
    ),
    sung(
        7,
        "[verse]\nWalking home",
        prompt="pop, no vocals",
        seconds=5.0,
        sung="Walking home",
        lyrics="[verse]\nWalking home",
        warnings=Has("they are sung"),
    ),
]
