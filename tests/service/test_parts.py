"""Parts of the HTTP layer that need no server: ranges, conditions, preferences, bodies, log lines."""

import json
import logging
import time
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from starlette.datastructures import Headers

from orchestrator.server.api.requests.bodies.songs import EditedPlan, FromDescription, WithLyrics
from orchestrator.server.api.requests.fields import of_nearest_kind
from orchestrator.server.api.requests.preferences import preferences_of
from orchestrator.server.api.responses.conditions import Outcome, Validators
from orchestrator.server.api.responses.ranges import spans_of
from orchestrator.server.logs import JsonFormatter, TextFormatter, request_id

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-999", [(0, 1000)]),
        ("bytes=0-99999", [(0, 1000)]),
        ("bytes=999-", [(999, 1000)]),
        ("bytes=500-500", [(500, 501)]),
        ("bytes=-1", [(999, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=-0", []),
        ("bytes=1000-", []),
        ("bytes=1000-1001", []),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("Bytes=0-10", [(0, 11)]),
        ("BYTES=0-10", [(0, 11)]),
        (" bytes=0-10 ", [(0, 11)]),
        ("bytes= 0-10 , 20-30", [(0, 11), (20, 31)]),
        ("bytes=,0-10,", [(0, 11)]),
        ("bytes=0-1,5000-6000", [(0, 2)]),
        ("bytes=5000-6000,-0", []),
        (f"bytes=0-{'9' * 5000}", [(0, 1000)]),
        (f"bytes={'9' * 5000}-", []),
        (f"bytes=-{'9' * 5000}", [(0, 1000)]),
        ("bytes=0-1,x", None),
        ("bytes=0 -1", None),
        ("bytes 0-1", None),
        ("bytes=", None),
        ("bytes=,", None),
        ("bytes", None),
        ("", None),
        ("items=0-1", None),
        ("kilobytes=0-1", None),
        ("bytes=+0-1", None),
        ("bytes=0x0-1", None),
        ("bytes=0-1.5", None),
        ("bytes=\u0660-\u0661", None),
        ("bytes=--1", None),
        ("bytes=0--1", None),
    ],
)
def test_a_range_is_read_as_rfc_9110_says(header: str, spans: list[tuple[int, int]] | None) -> None:
    assert spans_of(header, SIZE) == spans


STORED = datetime(2026, 11, 29, 1, 2, 3, 456_789, tzinfo=UTC)
AT = "Sun, 29 Nov 2026 01:02:03 GMT"
BEFORE = "Sun, 29 Nov 2026 01:02:02 GMT"
AFTER = "Monday, 30-Nov-26 01:02:03 GMT"
SEND, NOT_MODIFIED, FAILED = Outcome.SEND, Outcome.NOT_MODIFIED, Outcome.FAILED


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({}, SEND),
        ({"If-None-Match": '"b"'}, NOT_MODIFIED),
        ({"If-None-Match": 'W/"b"'}, NOT_MODIFIED),
        ({"If-None-Match": '"a", W/"b"'}, NOT_MODIFIED),
        ({"If-None-Match": '"a,b","b"'}, NOT_MODIFIED),
        ({"If-None-Match": "*"}, NOT_MODIFIED),
        ({"If-None-Match": '"a"'}, SEND),
        ({"If-None-Match": '"a,b", "a\\"'}, SEND),
        ({"If-None-Match": ""}, SEND),
        ({"If-None-Match": "b"}, SEND),
        ({"If-None-Match": '"a"', "If-Modified-Since": AFTER}, SEND),
        ({"If-Modified-Since": AT}, NOT_MODIFIED),
        ({"If-Modified-Since": AFTER}, NOT_MODIFIED),
        ({"If-Modified-Since": BEFORE}, SEND),
        ({"If-Modified-Since": "yesterday"}, SEND),
        ({"If-Modified-Since": "Sun, 99 Nov 99999 01:02:03 GMT"}, SEND),
        ({"If-Match": '"b"'}, SEND),
        ({"If-Match": '"a" , "b"'}, SEND),
        ({"If-Match": "*"}, SEND),
        ({"If-Match": '"a"'}, FAILED),
        ({"If-Match": 'W/"b"'}, FAILED),
        ({"If-Match": ""}, FAILED),
        ({"If-Match": '"b"', "If-None-Match": '"b"'}, NOT_MODIFIED),
        ({"If-Match": '"a"', "If-None-Match": '"b"'}, FAILED),
        ({"If-Match": '"b"', "If-Unmodified-Since": BEFORE}, SEND),
        ({"If-Unmodified-Since": BEFORE}, FAILED),
        ({"If-Unmodified-Since": AT}, SEND),
        ({"If-Unmodified-Since": AFTER}, SEND),
        ({"If-Unmodified-Since": "soon"}, SEND),
    ],
)
def test_conditions_are_weighed_in_the_order_of_rfc_9110(headers: dict[str, str], outcome: Outcome) -> None:
    assert Validators('"b"', STORED).outcome(Headers(headers)) is outcome


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("", True), ('"b"', True), (AT, True), ('W/"b"', False), ('"a"', False), (BEFORE, False),
        (AFTER, False), ("*", False), ("junk", False),
    ],
)  # fmt: skip
def test_a_part_is_sent_of_the_version_that_if_range_names_alone(value: str, *, part: bool) -> None:
    assert Validators('"b"', STORED).may_send_part(Headers({"If-Range": value})) is part
    assert Validators('"b"', STORED).headers["Last-Modified"] == AT


@pytest.mark.parametrize(
    ("headers", "wait_s", "waiting", "ended"),
    [
        ([], None, "", ""),
        ([""], None, "", ""),
        (["respond-async"], 0.0, "respond-async", ""),
        (["Respond-Async"], 0.0, "respond-async", ""),
        (["respond-async; foo=bar"], 0.0, "respond-async", ""),
        (["respond-async, wait=20"], 20.0, "respond-async, wait=20", "wait=20"),
        (["wait=20, respond-async"], 20.0, "respond-async, wait=20", "wait=20"),
        (["wait=20", "respond-async"], 20.0, "respond-async, wait=20", "wait=20"),
        (["respond-async; wait=20"], 20.0, "respond-async, wait=20", "wait=20"),
        (["respond-async, wait"], 0.0, "respond-async", ""),
        (["wait"], None, "", ""),
        (["wait="], None, "", ""),
        (['wait=""'], None, "", ""),
        (["wait=5"], 5.0, "wait=5", "wait=5"),
        (["wait=0"], 0.0, "wait=0", "wait=0"),
        (['wait="5"'], 5.0, "wait=5", "wait=5"),
        ([r'wait="\5"'], 5.0, "wait=5", "wait=5"),
        (["WAIT=5"], 5.0, "wait=5", "wait=5"),
        (["wait = 5"], 5.0, "wait=5", "wait=5"),
        (["wait=005"], 5.0, "wait=5", "wait=5"),
        (["wait=5, wait=9"], 5.0, "wait=5", "wait=5"),
        (["wait=5", "wait=9"], 5.0, "wait=5", "wait=5"),
        (["return=minimal, wait=5, handling=lenient"], 5.0, "wait=5", "wait=5"),
        (['foo="respond-async, wait=3"'], None, "", ""),
        (['foo="a\\", wait=3"; wait=4, wait=5'], 5.0, "wait=5", "wait=5"),
        (["foo; wait=5"], None, "", ""),
        (["wait=99999999999999999999"], 86_400.0, "wait=86400", "wait=86400"),
        (["wait=" + "9" * 30_000], None, "", ""),
        (["wait=-1"], None, "", ""),
        (["wait=1.5"], None, "", ""),
        (["wait=1e3"], None, "", ""),
        (["wait=five"], None, "", ""),
        (["wait=\u0665"], None, "", ""),
        ([',,;;=,=5,"wait=5'], None, "", ""),
        (["respond-async=false"], None, "", ""),
        (["respond-async=, wait=1"], 1.0, "respond-async, wait=1", "wait=1"),
    ],
)
def test_preferences_are_read_as_rfc_7240_says(
    headers: list[str], wait_s: float | None, waiting: str, ended: str
) -> None:
    found = preferences_of(headers)
    assert found.wait_s == wait_s
    assert found.applied(ended=False) == waiting
    assert found.applied(ended=True) == ended


@pytest.mark.parametrize("text", ['"' * 32_000, "," * 32_000, ";=" * 16_000, '"\\' * 16_000, "wait=" * 6_000])
def test_a_long_header_is_read_at_once(text: str) -> None:
    began_s = time.thread_time()
    preferences_of([text])
    spans_of(f"bytes={text}", SIZE)
    Validators('"b"', STORED).outcome(Headers({"If-None-Match": text.replace("W", "W/")}))
    assert time.thread_time() - began_s < 0.5


def test_a_field_nobody_knows_is_named_with_what_was_meant() -> None:
    body = FromDescription.model_validate({"full_described_song": "x", "audio_duraton": 30, "colour": "blue"})
    meant, unknown = body.notes()
    assert "'audio_duraton'" in meant
    assert "did you mean audio_duration?" in meant
    assert "'colour'" in unknown
    assert "did you mean" not in unknown


def test_blank_lyrics_make_an_instrumental_and_say_so() -> None:
    body = WithLyrics.model_validate({"prompt": "jazz", "lyrics": " \n"})
    assert body.brief().instrumental
    assert "instrumental" in body.notes()[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("variations", "2"),
        ("variations", 2.5),
        ("variations", True),
        ("seed", -2),
        ("seed", 2**53),
        ("audio_duration", "30"),
        ("audio_duration", 4.9),
        ("instrumental", "yes"),
        ("format", "WAV"),
        ("full_described_song", " \t\n"),
        ("full_described_song", "x" * 2001),
        ("infer_step", 0),
        ("guidance_scale", float("nan")),
    ],
)
def test_a_value_that_would_have_to_be_guessed_at_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        FromDescription.model_validate({"full_described_song": "x", field: value})
    assert {error["loc"][0] for error in caught.value.errors()} == {field}


def test_a_whole_number_may_be_written_with_a_point() -> None:
    body = FromDescription.model_validate({"full_described_song": "x", "variations": 3.0, "seed": 7.0})
    assert (body.variations, body.seed) == (3, 7)


@pytest.mark.parametrize(
    ("errors", "kept"),
    [
        (
            [
                ("missing", "StructuredMusic"),
                ("missing", "StructuredMusic"),
                ("string_type", "PromptedMusic"),
            ],
            [2],
        ),
        ([("less_than_equal", "StructuredMusic"), ("missing", "PromptedMusic")], [0]),
        ([("missing", "PromptedMusic"), ("missing", "StructuredMusic")], [0]),
        ([("missing", ""), ("int_type", "")], [0, 1]),
        ([("missing", ""), ("missing", "WithLyrics"), ("int_type", "FromDescription")], [0, 2]),
    ],
)
def test_of_a_body_of_several_kinds_only_the_nearest_is_complained_about(
    errors: list[tuple[str, str]], kept: list[int]
) -> None:
    items = [
        {"type": kind, "loc": ("body", *([model] if model else []), f"field{n}")}
        for n, (kind, model) in enumerate(errors)
    ]
    assert of_nearest_kind(items) == [items[n] for n in kept]


def test_an_edited_plan_keeps_the_plans_bounds() -> None:
    plan = {
        "title": "T",
        "tags": ["pop"],
        "lyrics": "[verse]\nla",
        "categories": ["A", "B", "C"],
        "genre": "pop",
        "mood": "calm",
        "energy": 5,
        "tempo_bpm": 120.0,
        "key": "C major",
        "voice": "female",
        "cover_prompt": "a door",
    }
    assert EditedPlan.model_validate(plan).title == "T"
    for field, value in (("key", "H major"), ("energy", 11), ("categories", ["A"]), ("title", "")):
        with pytest.raises(ValidationError):
            EditedPlan.model_validate(plan | {field: value})


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("songwright", logging.INFO, __file__, 1, "song %s", ("done",), None)
    vars(made).update(extra)
    return made


def test_a_log_line_is_one_json_object_with_its_ids() -> None:
    token = request_id.set("abc123")
    try:
        line = JsonFormatter().format(record(song_id="yb0", error=None, text="two\nlines"))
    finally:
        request_id.reset(token)
    assert "\n" not in line
    fields = json.loads(line)
    assert fields["message"] == "song done"
    assert (fields["request_id"], fields["song_id"]) == ("abc123", "yb0")
    assert "error" not in fields
    assert fields["time"].endswith("+00:00")


def test_a_log_line_for_people_has_the_same_facts() -> None:
    assert TextFormatter().format(record(song_id="yb0")).endswith("info    song done song_id=yb0")
