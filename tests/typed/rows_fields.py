"""Fields: what is not used is named, null is the default, and a wrong value is shown as JSON."""

from __future__ import annotations

from typing import Any

from tests.typed.table import Has, Lacks, Row

KIND = 13
ABOUT = {"full_described_song": "a calm folk song about the rain", "seed": 7}
PLAN: dict[str, Any] = {
    "title": "Rain",
    "tags": ["folk", "calm"],
    "lyrics": "[verse]\nRain on the roof",
    "categories": ["Folk", "Calm", "Acoustic"],
    "genre": "folk",
    "mood": "calm",
    "energy": 3,
    "tempo_bpm": 90.0,
    "key": "D minor",
    "voice": "female",
    "cover_prompt": "rain",
}
OPTIONS = (
    "seed", "audio_duration", "format", "instrumental", "variations", "master", "cover_title", "webhook", "plan",
    "guidance_scale", "infer_step", "temperature", "top_k", "top_p",
)  # fmt: skip
BLANK = (
    " \t\r\n", "\u200b", "\u202e\u202c", "\ufeff", "\u2060\u00ad", "\x00\x07", "...", "?!", "---", "\u2028",
    "\u3000\u3002", "\u2800", "\u3164", "()[]{}", "\u201c\u201d", "\u2022 \u2022", "\u2501\u2501", "_*_",
)  # fmt: skip


def known(**fields: Any) -> Row:
    """A request with these fields, which are all used: nothing is named."""
    nothing = (Lacks("not known"), Lacks("not used"))
    return Row(KIND, "plan", ABOUT | fields, {"status_code": 200, "warnings": nothing})


def named(field: str, meant: str, value: Any = 5) -> Row:
    """A request with a field that nothing uses."""
    said = (Has(f"'{field}'"), Has("was not used"), Has(meant))
    return Row(KIND, "plan", {field: value} | ABOUT, {"status_code": 200, "warnings": said})


def edited(changes: dict[str, Any], **expected: Any) -> Row:
    """A request with an edited plan. A field that is ``...`` is left out."""
    plan = {name: value for name, value in (PLAN | changes).items() if value is not ...}
    return Row(KIND, "plan", {"plan": plan} | ABOUT, expected)


def refused(body: dict[str, Any], *said: str) -> Row:
    return Row(KIND, "plan", body, {"status_code": 422, "error": tuple(Has(part) for part in said)})


def wrong(field: str, *said: str, value: Any) -> Row:
    return refused({field: value} | ABOUT | {field: value}, f"{field}: ", *said)


def wrong_plan(changes: dict[str, Any], *said: str) -> Row:
    return edited(changes, status_code=422, error=tuple(Has(part) for part in said))


ROWS: list[Row] = [
    # Misspelt, or with another service's name.
    named("audio_durtion", "did you mean audio_duration?"),
    named("audioDuration", "did you mean audio_duration?"),
    named("AUDIO-DURATION", "did you mean audio_duration?"),
    named("duration", "did you mean audio_duration?"),
    named("Seed", "did you mean seed?"),
    named("seed ", "did you mean seed?"),
    named("make_instrumental", "did you mean instrumental?", value=True),
    named("instumental", "did you mean instrumental?", value=True),
    named("callback_url", "did you mean webhook?", "https://example.com/"),
    named("num_inference_steps", "did you mean infer_step?"),
    named("cfg_scale", "did you mean guidance_scale?"),
    named("top-k", "did you mean top_k?"),
    named("batch_size", "did you mean variations?"),
    named("output_format", "did you mean format?", "mp3"),
    named("tempo", "did you mean plan.tempo_bpm?", 120),
    named("bpm", "did you mean plan.tempo_bpm?", 120),
    named("negative_prompt", "did you mean plan.exclude?", "drums"),
    named("title", "did you mean plan.title?", "Rain"),
    named("language", "plan.language", "de"),
    named("lyrics", "send it with prompt to /generate-with-lyrics", "la la"),
    named("prompt", "full_described_song describes the song", "pop"),
    named("described_lyrics", "/generate-with-described-lyrics", "the sea"),
    named("colour", "is not known", None),
    named("zzz", "is not known", {"a": [1]}),
    Row(KIND, "plan", ABOUT | {"a\u202eb\n": 1}, {"warnings": (Has(r"'a\u202eb\n'"), Lacks("\u202e"))}),
    Row(
        KIND,
        "plan",
        ABOUT | {f"f{n}": n for n in range(50)},
        {"warnings": Has("fields: 30 more are not known")},
    ),
    # Null is the default.
    *(known(**{name: None}) for name in OPTIONS),
    Row(
        KIND,
        "song",
        ABOUT | {"seed": None, "format": None, "variations": None},
        {"status": "done", "brief.format": "wav"},
    ),
    edited(
        {"metre": None, "tempo_fixed": None, "language": None}, metre="4/4", tempo_fixed=False, language="en"
    ),
    edited(
        {"instruments": None, "exclude": None, "theme": None, "warnings": None}, instruments=[], warnings=[]
    ),
    edited({"line_times_s": None}, status_code=200, line_times_s=[]),
    wrong_plan({"title": None}, "plan.title", "it is missing"),
    refused({"full_described_song": None}, "full_described_song", "it is missing"),
    refused({"prompt": "pop", "lyrics": None}, "it is missing"),
    # Inside the plan.
    edited(
        {"tempo": 99},
        tempo_bpm=90.0,
        warnings=(Has("the plan's field 'tempo'"), Has("did you mean tempo_bpm?")),
    ),
    edited({"bpm": 99}, warnings=Has("did you mean tempo_bpm?")),
    edited({"time_signature": "3/4"}, metre="4/4", warnings=Has("did you mean metre?")),
    edited({"meter": "3/4"}, warnings=Has("did you mean metre?")),
    edited({"negative_tags": "x"}, warnings=Has("did you mean exclude?")),
    edited({"Title": "x"}, title="Rain", warnings=Has("did you mean title?")),
    edited({"nonsense": None}, warnings=Has("'nonsense' is not known")),
    wrong_plan(
        {"tempo_bpm": ..., "tempo": 99}, "plan.tempo_bpm", "'tempo' is not known", "did you mean tempo_bpm?"
    ),
    wrong_plan({"tempo_bpm": "90"}, 'plan.tempo_bpm: "90" - send a number, without quotes'),
    wrong_plan({"tempo_bpm": True}, "plan.tempo_bpm: true - send a number"),
    wrong_plan({"tempo_bpm": 12_000}, "plan.tempo_bpm: 12000 - send 220 or less"),
    wrong_plan({"energy": 5.5}, "plan.energy: 5.5 - send a whole number"),
    wrong_plan({"metre": "9/8"}, 'plan.metre: "9/8"', "'4/4'"),
    wrong_plan({"key": "H minor"}, 'plan.key: "H minor"', '"D minor"'),
    wrong_plan({"voice": "child"}, 'plan.voice: "child"', "'female'"),
    wrong_plan({"tags": "folk"}, 'plan.tags: "folk" - send a list'),
    wrong_plan({"tags": ["folk", None]}, "plan.tags.1: null - send text"),
    wrong_plan({"tags": {"a": True}}, 'plan.tags: {"a": true} - send a list'),
    wrong_plan({"title": "\u200b\u2060"}, r'plan.title: "\u200b\u2060"', "blank"),
    edited({"title": "???"}, title="???"),
    edited({"line_times_s": [2]}, line_times_s=[2.0], status_code=200),
    edited({"line_times_s": [1.0] * 2000}, status_code=200),
    wrong_plan({"line_times_s": [-1]}, "plan.line_times_s.0: -1 - send 0 or more"),
    wrong_plan({"line_times_s": [601]}, "plan.line_times_s.0: 601 - send 600 or less"),
    wrong_plan({"line_times_s": ["1"]}, 'plan.line_times_s.0: "1" - send a number, without quotes'),
    wrong_plan({"line_times_s": [1.0] * 2001}, "plan.line_times_s"),
    refused(ABOUT | {"plan": []}, "plan: [] - send a JSON object"),
    refused(ABOUT | {"plan": "Rain"}, 'plan: "Rain" - send a JSON object'),
    refused(ABOUT | {"plan": {}}, "plan.title", "it is missing"),
    # Values as JSON.
    wrong("audio_duration", '"180" - send a number, without quotes', value="180"),
    wrong("audio_duration", "true - send a number", value=True),
    wrong("audio_duration", "[30] - send a number", value=[30]),
    wrong("audio_duration", '{"s": null} - send a number', value={"s": None}),
    wrong("audio_duration", "3 - send 5 or more", value=3),
    wrong("seed", "-2 - send -1 or more", value=-2),
    wrong("seed", "send 9007199254740991 or less", value=2**53),
    wrong("seed", "false - send a whole number", value=False),
    wrong("instrumental", '"true" - send true or false, without quotes', value="true"),
    wrong("instrumental", "1 - send true or false", value=1),
    wrong("format", '"WAV"', "'wav', 'flac' or 'mp3'", value="WAV"),
    wrong("format", '["mp3"]', value=["mp3"]),
    wrong("variations", "5 - send 4 or less", value=5),
    wrong("webhook", "...", value="x" * 300),
    refused({"full_described_song": ["x"]}, 'full_described_song: ["x"] - send text in quotes'),
    refused({"full_described_song": False}, "full_described_song: false - send text in quotes"),
    refused({"full_described_song": 5}, "full_described_song: 5 - send text in quotes"),
    refused({"promt": "pop", "lyrics": "la la"}, "prompt: it is missing", "'promt' is not known"),
    refused({"lyrics": "la la"}, "prompt: it is missing"),
    refused({"description": "a song"}, "full_described_song: it is missing", "'description' is not known"),
    # Nothing to go by.
    *(refused({"full_described_song": text}, "it is blank") for text in BLANK),
    refused({"prompt": "***", "lyrics": "la"}, "prompt", "it is blank"),
    refused({"prompt": "pop", "described_lyrics": "\u200b"}, "described_lyrics", "it is blank"),
    *(
        Row(KIND, "plan", {"full_described_song": text, "seed": 7}, {"status_code": 200})
        for text in (
            "\U0001f525",
            "7",
            "\u96e8",
            "\u0434\u043e\u0436\u0434\u044c",
            "\u092c\u093e\u0930\u093f\u0936",
        )
    ),
]
