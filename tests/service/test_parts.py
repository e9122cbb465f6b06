"""Parts of the HTTP layer that need no server: ranges, bodies, log lines."""

import json
import logging

import pytest
from pydantic import ValidationError

from orchestrator.server.api.requests.bodies import EditedPlan, FromDescription, WithLyrics
from orchestrator.server.api.requests.fields import of_nearest_kind
from orchestrator.server.api.responses.ranges import _matches, _span
from orchestrator.server.logs import JsonFormatter, TextFormatter, request_id

SIZE = 1000


@pytest.mark.parametrize(
    ("first", "last", "span"),
    [
        ("0", "0", (0, 1)),
        ("0", "999", (0, 1000)),
        ("0", "99999", (0, 1000)),
        ("999", None, (999, 1000)),
        ("500", "500", (500, 501)),
        (None, "1", (999, 1000)),
        (None, "5000", (0, 1000)),
        (None, "0", None),
        ("1000", None, None),
        ("1000", "1001", None),
        ("5", "4", (-1, -1)),
        (None, None, (-1, -1)),
    ],
)
def test_a_range_is_read_as_rfc_9110_says(
    first: str | None, last: str | None, span: tuple[int, int] | None
) -> None:
    assert _span(first, last, SIZE) == span


def test_a_copy_is_known_by_its_etag_among_several_and_weakly() -> None:
    assert _matches('"a", W/"b"', '"b"')
    assert _matches("*", '"b"')
    assert not _matches('"a"', '"b"')
    assert not _matches("", '"b"')


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
