"""What each error is to a client: its status, its type, its fields, and whether asking again can help."""

import json
from typing import Any

import pytest
from starlette.responses import Response

from config import errors
from config.errors import (
    Cancelled,
    Conflict,
    EngineFailed,
    EngineTimeout,
    EngineUnavailable,
    Forbidden,
    InvalidRequest,
    NotFound,
    QueueFull,
    SongwrightError,
    StoreUnavailable,
    Unavailable,
    Unreadable,
    UnsupportedFormat,
    WeightsMissing,
)
from orchestrator.server.api import problems
from orchestrator.server.api.problems import (
    FieldProblem,
    Kind,
    of_error,
    of_failure,
    of_fields,
    of_status,
    replaced,
)
from orchestrator.server.logs import request_id
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Failure, Status, new_songs

TYPE = "urn:songwright:problem:"
ERRORS: list[tuple[SongwrightError, int, str, bool, dict[str, object], dict[str, str]]] = [
    (
        InvalidRequest("seed", -1, "send 0 or more"),
        422,
        "invalid-request",
        False,
        {"field": "seed", "value": "-1", "fix": "send 0 or more"},
        {},
    ),
    (
        Unreadable("the manifest is empty", "restore it"),
        409,
        "unreadable",
        False,
        {"fix": "restore it"},
        {},
    ),
    (
        UnsupportedFormat("image", "an SVG", "send a PNG"),
        415,
        "unsupported-format",
        False,
        {"field": "image", "value": '"an SVG"', "fix": "send a PNG"},
        {},
    ),
    (NotFound("song", "abc", "see the list"), 404, "not-found", False, {"fix": "see the list"}, {}),
    (NotFound("song", "abc"), 404, "not-found", False, {}, {}),
    (Conflict("it is done", "delete it"), 409, "conflict", False, {"fix": "delete it"}, {}),
    (Forbidden("it is private", "ask"), 403, "forbidden", False, {"fix": "ask"}, {}),
    (QueueFull(8, 4.2), 429, "queue-full", True, {"fix": "ask again in 5 s"}, {"retry-after": "5"}),
    (QueueFull(8, 0.0), 429, "queue-full", True, {"fix": "ask again in 1 s"}, {"retry-after": "1"}),
    (
        WeightsMissing("they are not here", "fetch them"),
        503,
        "engine-unavailable",
        True,
        {"fix": "fetch them"},
        {"retry-after": "10"},
    ),
    (
        EngineUnavailable("no weights", "load them"),
        503,
        "engine-unavailable",
        True,
        {"fix": "load them"},
        {"retry-after": "10"},
    ),
    (EngineTimeout("too long", "ask for less"), 504, "engine-timeout", False, {"fix": "ask for less"}, {}),
    (
        StoreUnavailable("disk full", "make room"),
        503,
        "store-unavailable",
        True,
        {"fix": "make room"},
        {"retry-after": "10"},
    ),
    (
        Unavailable("stopping", "ask later"),
        503,
        "service-unavailable",
        True,
        {"fix": "ask later"},
        {"retry-after": "10"},
    ),
    (EngineFailed("hum", "a bug"), 500, "engine-failed", True, {}, {}),
    (Cancelled(), 409, "cancelled", False, {}, {}),
]


def told(response: Response) -> dict[str, Any]:
    """The document, once it is seen to be one and to say the response's own status."""
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(bytes(response.body))
    assert document["status"] == response.status_code
    assert document["title"]
    return document


def headers(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if not name.startswith("content-")}


@pytest.mark.parametrize(
    ("error", "status", "slug", "retry", "facts", "sent"), ERRORS, ids=[repr(case[0]) for case in ERRORS]
)
def test_each_error_has_its_status_type_and_fields(
    error: SongwrightError,
    status: int,
    slug: str,
    retry: bool,  # noqa: FBT001 - pytest gives it by its name
    facts: dict[str, object],
    sent: dict[str, str],
) -> None:
    response = of_error(error)
    document = told(response)
    assert document.pop("title")
    assert document == {
        "type": TYPE + slug,
        "status": status,
        "detail": str(error).replace("'an SVG'", '"an SVG"'),  # JSON, as clients wrote it
        "retry": retry,
        **facts,
    }
    assert headers(response) == sent


def test_no_error_of_ours_is_without_a_case_here() -> None:
    def tree(error: type[SongwrightError]) -> set[type[SongwrightError]]:
        return {error}.union(*(tree(child) for child in error.__subclasses__()))

    ours = {error for error in tree(SongwrightError) if error.__module__ == "config.errors"}
    raised = ours - {SongwrightError, errors._Advice}
    assert raised == {type(case[0]) for case in ERRORS} == set(problems.KINDS)


def test_no_two_sorts_of_problem_share_a_type() -> None:
    kinds = [kind for kind in vars(problems).values() if isinstance(kind, Kind)]
    assert len({kind.slug for kind in kinds}) == len(kinds)


def test_an_error_that_an_adapter_refines_is_told_as_what_it_is() -> None:
    class BucketUnavailable(StoreUnavailable):
        pass

    assert told(of_error(BucketUnavailable("no bucket", "make it")))["type"] == f"{TYPE}store-unavailable"


def test_a_problem_names_its_request_and_the_song_that_it_is_about() -> None:
    token = request_id.set("r1")
    try:
        document = told(of_error(EngineFailed("hum", "a bug"), "s1"))
    finally:
        request_id.reset(token)
    assert document["request_id"] == "r1"
    assert document["song_id"] == "s1"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequest("energy", 11, "send 10 or less"), 400),
        (QueueFull(8, 4.2), 429),
        (EngineUnavailable("no weights", "load them"), 503),
        (EngineFailed("hum", "a bug"), 500),
        (EngineTimeout("too long", "ask for less"), 504),
    ],
    ids=repr,
)
def test_a_client_of_a_service_that_this_replaces_is_told_as_it_was_there(
    error: SongwrightError, status: int
) -> None:
    token = replaced.set(True)
    try:
        response = of_error(error)
    finally:
        replaced.reset(token)
    document = told(response)
    assert response.status_code == status
    assert (document["success"], document["error"]) == (False, str(error))
    assert headers(response) == headers(of_error(error))


def test_a_long_value_is_shortened() -> None:
    document = told(of_error(InvalidRequest("prompt", "x" * 9000, "send less")))
    assert len(document["value"]) == 60
    assert len(document["detail"]) < 100


@pytest.mark.parametrize(
    ("name", "status", "slug", "sent"),
    [
        ("EngineFailed", 500, "engine-failed", {}),
        ("EngineTimeout", 504, "engine-timeout", {}),
        ("EngineUnavailable", 503, "engine-unavailable", {"retry-after": "10"}),
        ("StoreUnavailable", 503, "store-unavailable", {"retry-after": "10"}),
        ("ZeroDivisionError", 500, "engine-failed", {}),
    ],
)
def test_a_song_that_failed_is_told_by_its_error(
    name: str, status: int, slug: str, sent: dict[str, str]
) -> None:
    failure = Failure(type=name, message="it broke", step="music")
    song = new_songs(Brief(description="x"))[0].changed(status=Status.FAILED, error=failure)
    response = of_failure(song)
    document = told(response)
    assert (document["status"], document["type"]) == (status, TYPE + slug)
    assert (document["detail"], document["song_id"]) == ("it broke", song.id)
    assert headers(response) == {"location": f"/songs/{song.id}"} | sent


def test_a_song_that_was_cancelled_while_somebody_waited_is_a_conflict() -> None:
    song = new_songs(Brief(description="x"))[0].changed(status=Status.CANCELLED)
    response = of_failure(song)
    assert told(response)["type"] == f"{TYPE}cancelled"
    assert response.status_code == 409
    assert headers(response) == {"location": f"/songs/{song.id}"}


@pytest.mark.parametrize(
    ("status", "slug"),
    [
        (400, "malformed-body"),
        (401, "unauthorized"),
        (404, "not-found"),
        (405, "method-not-allowed"),
        (408, "request-timeout"),
        (413, "body-too-large"),
        (418, "http-418"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(status: int, slug: str) -> None:
    response = of_status(status, "the framework's words", {"Allow": "GET"})
    document = told(response)
    assert (document["status"], document["type"]) == (status, TYPE + slug)
    assert document["detail"] == "the framework's words"
    assert headers(response) == {"allow": "GET"}


def test_the_first_of_several_fields_is_in_front_and_all_are_listed() -> None:
    seed = FieldProblem(field="seed", value="-1", detail="send 0 or more")
    prompt = FieldProblem(field="prompt", value="", detail="it is missing")
    document = told(of_fields([seed, prompt]))
    assert document["status"] == 422
    assert document["detail"] == "seed: -1 - send 0 or more"
    assert (document["field"], document["value"], document["fix"]) == ("seed", "-1", "send 0 or more")
    assert [problem["field"] for problem in document["errors"]] == ["seed", "prompt"]


def test_one_field_alone_is_not_listed_again() -> None:
    document = told(of_fields([FieldProblem(field="prompt", value="", detail="it is missing")]))
    assert document["detail"] == "prompt: it is missing"
    assert "errors" not in document
