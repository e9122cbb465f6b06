"""Every answer of every operation has an example in the OpenAPI document, and each is one that may come."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from config.settings import Settings
from orchestrator.server.api.app import create_app
from orchestrator.server.api.problems import MEDIA_TYPE, Problem


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    app = create_app(Settings(home=tmp_path_factory.mktemp("home")))
    found: dict[str, Any] = app.openapi()
    return found


def answers(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each content of each answer, with where it is."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                for media, content in response.get("content", {}).items():
                    yield f"{method} {path} {status} {media}", content


def values(document: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    found = [content["example"]] if "example" in content else []
    for example in content.get("examples", {}).values():
        name = example.get("$ref", "").rpartition("/")[2]
        found.append((document["components"]["examples"][name] if name else example)["value"])
    return found


def faults(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    whole = schema | {"components": document["components"]}
    return [
        f"{list(error.path)}: {error.message}" for error in Draft202012Validator(whole).iter_errors(value)
    ]


def test_every_answer_in_json_has_an_example_that_fits_its_schema(document: dict[str, Any]) -> None:
    seen = 0
    known: dict[str, list[str]] = {}
    for where, content in answers(document):
        if "json" not in where.rpartition(" ")[2]:
            continue
        found = values(document, content)
        assert found, where
        for value in found:
            seen += 1
            key = f"{content['schema']} {value}"
            if key not in known:
                known[key] = faults(document, content["schema"], value)
            assert known[key] == [], where
    assert seen > 500


def test_every_refusal_is_one_of_its_own_status(document: dict[str, Any]) -> None:
    for where, content in answers(document):
        _, _, status, media = where.split(" ")
        if media != MEDIA_TYPE:
            continue
        for value in values(document, content):
            assert Problem.model_validate(value).status == int(status), where


def test_texts_and_events_have_examples(document: dict[str, Any]) -> None:
    for where, content in answers(document):
        if re.search("(lyrics|lrc|metrics|events) 200 text/", where):
            assert values(document, content), where
    events = document["paths"]["/songs/{id}/events"]["get"]["responses"]["200"]["content"]
    examples = events["text/event-stream"]["examples"]
    kinds = events["text/event-stream"]["schema"]["properties"]["event"]["enum"]
    assert set(kinds) <= set(examples)
    for kind in kinds:
        assert f"event: {kind}\n" in examples[kind]["value"]


def test_the_webhook_is_described_with_its_headers_and_three_endings(document: dict[str, Any]) -> None:
    hook = document["webhooks"]["song-ended"]["post"]
    content = hook["requestBody"]["content"]["application/json"]
    endings = values(document, content)
    assert {ending["song"]["status"] for ending in endings} == {"done", "failed", "cancelled"}
    assert [ending["type"] for ending in endings] == [
        f"song.{ending['song']['status']}" for ending in endings
    ]
    assert [faults(document, content["schema"], ending) for ending in endings] == [[], [], []]
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} == {
        parameter["name"] for parameter in hook["parameters"]
    }
