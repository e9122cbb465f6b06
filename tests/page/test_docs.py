"""The API reference, and that it tells all that the document does."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.page.conftest import Visiting
from tests.service.server import Server


@pytest.fixture
def api(server: Server) -> dict[str, Any]:
    document: dict[str, Any] = httpx.get(f"{server.url}/openapi.json").raise_for_status().json()
    return document


def operations(api: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in api["paths"].values():
        yield from methods.values()


def test_every_operation_schema_and_field_is_told_without_a_token(
    server: Server, visiting: Visiting, api: dict[str, Any]
) -> None:
    with visiting(server, "/docs", token=False) as visit:
        page = visit.page
        expect(page.get_by_role("heading", name="Schemas")).to_be_visible()
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
        assert len(ids) == len(set(ids))
        for operation in operations(api):
            assert operation["operationId"] in ids
        for name, schema in api["components"]["schemas"].items():
            assert f"schema-{name}" in ids
            part = page.locator(f"#schema-{name}").inner_text()
            assert [field for field in schema.get("properties", {}) if field not in part] == []
        links = page.evaluate(
            "[...document.querySelectorAll('a[href^=\"#\"]')].map((a) => a.getAttribute('href').slice(1))"
        )
        assert set(links) <= set(ids)


def test_an_operation_tells_its_curl_line_fields_limits_responses_and_headers(
    server: Server, visiting: Visiting
) -> None:
    with visiting(server, "/docs#generate_from_description", token=False) as visit:
        part = visit.page.locator("#generate_from_description")
        expect(part).to_be_in_viewport()
        expect(part.locator(".copyable pre")).to_contain_text(
            f"curl {server.url}/generate-from-description \\\n"
            '  -H "Authorization: Bearer $TOKEN" \\\n'
            "  -H 'Content-Type: application/json' \\\n"
            "  -d '{ \""
        )
        field = part.locator(".fields li", has_text="audio_duration").first
        expect(field).to_contain_text("number")
        expect(field).to_contain_text("5 to 600")
        expect(field).to_contain_text("default 180")
        expect(field).to_contain_text("Seconds of music.")
        expect(part.locator(".fields li", has_text="Idempotency-Key").first).to_contain_text("in the header")
        part.locator("summary").focus()
        visit.page.keyboard.press("Enter")
        refusal = part.locator("details > .fields > li", has_text="429")
        expect(refusal).to_contain_text("Retry-After")
        refusal.get_by_role("link", name="Problem").click()
        expect(visit.page.locator("#schema-Problem")).to_be_in_viewport()


@pytest.mark.long
def test_the_reference_reads_well_everywhere(server: Server, visiting: Visiting) -> None:
    with visiting(server, "/docs") as visit:
        expect(visit.page.get_by_role("heading", name="Schemas")).to_be_visible()
        visit.look("docs", whole=False)


def test_the_reference_is_found_from_the_page(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        page.get_by_role("link", name="API reference").click()
        expect(page.get_by_role("heading", name="Schemas")).to_be_visible()
        page.goto(f"{server.url}/docs#generate_with_lyrics")
        page.set_viewport_size({"width": 390, "height": 844})
        page.get_by_text("Contents").click()
        page.get_by_role("link", name="GET The library").click()
        expect(page.locator("#list_songs")).to_be_in_viewport()
        page.get_by_role("link", name="Make a song").click()
        expect(page.get_by_role("heading", name="Make a song")).to_be_visible()
