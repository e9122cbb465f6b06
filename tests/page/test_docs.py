"""The API reference: it says all that the document does, a view at a time; its examples and its form work."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import DESKTOP, PHONE, Visiting
from tests.page.test_page import until
from tests.service.server import TOKEN, Server

MOST_PX = 6000
GUIDES = ("", "events", "webhooks", "errors", "schemas")
_VIEWS = """async (names) => {
  const found = [];
  for (const name of names) {
    if (location.hash.slice(1) !== name) {
      const shown = new Promise((done) => addEventListener("hashchange", done, { once: true }));
      location.hash = name;
      await shown;
    }
    const view = document.getElementById("view");
    const all = (query, value) => [...document.querySelectorAll(query)].map(value);
    found.push({
      name,
      height: document.documentElement.scrollHeight,
      sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      heading: document.getElementById("view-heading").textContent,
      text: name === "webhooks" ? view.textContent : "",
      fields: [...view.querySelectorAll("[data-field]")].map((row) => row.dataset.field),
      statuses: [...view.querySelectorAll("[data-status]")].map((part) => part.dataset.status),
      empty: [...view.querySelectorAll("pre")].filter((pre) => !pre.textContent.trim()).length,
      links: all('a[href^="#"]', (link) => link.getAttribute("href").slice(1)),
      ids: all("[id]", (element) => element.id),
    });
  }
  return found;
}"""


@pytest.fixture(scope="module")
def api(server: Server) -> dict[str, Any]:
    document: dict[str, Any] = httpx.get(f"{server.url}/openapi.json").raise_for_status().json()
    return document


def operations(api: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in api["paths"].values():
        yield from methods.values()


def goes(page: Page, view: str) -> None:
    page.evaluate("(view) => { location.hash = view; }", view)


def test_every_operation_schema_field_and_answer_has_a_short_view(
    server: Server, visiting: Visiting, api: dict[str, Any]
) -> None:
    groups = {f"tag-{tag}" for operation in operations(api) for tag in operation["tags"]}
    # A HEAD is shown with its GET.
    read = [operation for operation in operations(api) if not operation["operationId"].startswith("head_")]
    ids = [operation["operationId"] for operation in read]
    names = [*GUIDES, *sorted(groups), *ids, *(f"schema-{name}" for name in api["components"]["schemas"])]
    with visiting(server, "/docs", token=False) as visit:
        expect(visit.page.get_by_role("heading", name="Operations", level=2)).to_be_visible()
        for (width, height), shown in ((PHONE, [*GUIDES, *ids]), (DESKTOP, names)):
            visit.page.set_viewport_size({"width": width, "height": height})
            views = {view["name"]: view for view in visit.page.evaluate(_VIEWS, shown)}
            assert {name: view["height"] for name, view in views.items() if view["height"] > MOST_PX} == {}
            assert [name for name, view in views.items() if view["sideways"] > 0] == []
    for name, view in views.items():
        assert view["heading"] != "There is no such page", name
        assert len(view["ids"]) == len(set(view["ids"])), name
        assert view["empty"] == 0, name
        unknown = {link.partition("/")[0] for link in view["links"]} - set(names) - {"reference"}
        assert unknown == set(), name
    for operation in read:
        view = views[operation["operationId"]]
        assert set(view["statuses"]) == set(operation["responses"])
        assert {parameter["name"] for parameter in operation.get("parameters", [])} <= set(view["fields"])
    for name, schema in api["components"]["schemas"].items():
        assert set(schema.get("properties", {})) <= set(views[f"schema-{name}"]["fields"])
    for word in ("status", "queue", "progress", "end", "keep-alive"):
        assert f"event-{word}" in views["events"]["ids"]
    for word in ("webhook-id", "webhook-timestamp", "webhook-signature", "verify_webhook", "cancelled"):
        assert word in views["webhooks"]["text"]
    kinds = {name for name in api["components"]["examples"] if name.startswith("problem.")}
    assert kinds == set(views["errors"]["fields"])


def test_an_operation_is_found_read_and_shown_at_once(server: Server, visiting: Visiting) -> None:
    with visiting(server, "/docs#generate_from_description", token=False) as visit:
        page = visit.page
        field = page.locator("[data-field=audio_duration]")
        for words in ("number", "5 to 600", "default 180", "Seconds of music."):
            expect(field).to_contain_text(words)
        page.keyboard.press("/")
        page.keyboard.type("idempotency like")
        expect(page.get_by_role("status")).to_contain_text("found")
        page.keyboard.press("Escape")
        page.keyboard.type("queue-full")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Errors", exact=True)).to_be_focused()
        expect(page.locator(".found")).to_contain_text("The queue is full")
        expect(page.locator(".found")).to_be_in_viewport()
        page.go_back()
        expect(page.locator("#view-heading")).to_have_text("A song from one sentence")
        page.get_by_text("429", exact=True).click()
        page.locator("[data-status='429'] a", has_text="Problem").click()
        expect(page.get_by_role("heading", name="Problem")).to_be_focused()
        page.set_viewport_size({"width": 320, "height": PHONE[1]})
        visit.fits("docs-small")
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        page.get_by_text("Contents").click()
        page.locator(".contents summary", has_text="Songs").click()
        page.get_by_role("link", name="GET The library").click()
        expect(page.locator("#view-heading")).to_have_text(re.compile("The library"))
        page.locator(".skip").press("Enter")
        expect(page.locator("#reference")).to_be_focused()
        expect(page.locator("#view-heading")).to_have_text(re.compile("The library"))
        for nowhere in ("%", "schema-constructor"):
            goes(page, nowhere)
            expect(page.locator("#view-heading")).to_have_text("There is no such page")
        page.get_by_role("link", name="Make a song").click()
        expect(page.locator("#view-heading")).to_have_count(0)


def test_a_request_is_tried_with_the_token_and_its_sound_is_played(
    server: Server, visiting: Visiting
) -> None:
    with visiting(server, "/docs#generate_from_description", token=False) as visit:
        page = visit.page
        page.locator("#try > summary").press("Enter")
        # Typed once, for all operations. Without one the session's cookie is used: test_session.py.
        page.get_by_role("textbox", name="Token").fill(TOKEN)
        body = page.get_by_role("textbox", name="Body")
        expect(body).to_have_value(re.compile("full_described_song"))
        body.fill('{"full_described_song": "a hum", "audio_duration": 5')
        page.get_by_role("button", name="Send POST").press("Enter")
        expect(page.get_by_role("alert").filter(has_text="no JSON")).to_be_visible()
        body.fill('{"full_described_song": "a hum", "audio_duration": 5, "seed": 3}')
        page.get_by_role("button", name="Send POST").press("Enter")
        expect(page.locator(".result-status")).to_contain_text("200")
        song_id = re.findall(r'"id": "(\w{15})"', page.locator(".result pre").inner_text())[0]
        for view, shown in (("get_audio", "audio"), ("get_cover", "img"), ("follow_song", "pre")):
            goes(page, view)
            page.locator("#try > summary").click()
            page.get_by_label("id required").fill(song_id)
            page.get_by_role("button", name="Send GET").click()
            expect(page.locator(".result-status")).to_contain_text("200")
            expect(page.locator(f".result > {shown}")).to_be_visible()
            if shown == "audio":
                until(page, "document.querySelector('.result audio').duration > 4")
            if shown == "pre":
                expect(page.locator(".result > pre")).to_contain_text("event: end")
        # A stream that does not end is let go with its view.
        goes(page, "follow_library")
        page.locator("#try > summary").click()
        page.get_by_role("button", name="Send GET").click()
        expect(page.locator(".result-status")).to_contain_text("200")
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
            goes(page, "follow_song")
        page.locator("#try > summary").click()
        page.get_by_label("id required").fill(song_id)
        visit.expected = {401}
        page.get_by_role("textbox", name="Token").fill("")
        page.get_by_role("button", name="Send GET").click()
        expect(page.locator(".result-status")).to_contain_text("401")
        expect(page.locator(".result pre")).to_contain_text("urn:songwright:problem:unauthorized")


def test_the_examples_in_code_run_as_they_stand(server: Server, visiting: Visiting, tmp_path: Path) -> None:
    commands = {"curl": ["sh", "-c"], "Python": [sys.executable, "-W", "error", "-c"]}
    if shutil.which("node"):
        commands["JavaScript"] = ["node", "--input-type=module", "-e"]
    running = {}
    with visiting(server, "/docs#plan_song", token=False) as visit:
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        for language, command in commands.items():
            visit.page.get_by_role("button", name=language, exact=True).click()
            visit.page.get_by_role("button", name="Copy").first.click()
            expect(visit.page.get_by_role("button", name="Copy").first).to_have_text("Copied")
            code = visit.page.evaluate("navigator.clipboard.readText()")
            running[language] = subprocess.Popen(
                [*command, code],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                env=os.environ | {"TOKEN": TOKEN},
            )
    for language, process in running.items():
        out, err = process.communicate(timeout=180)
        assert process.returncode == 0, (language, err)
        assert "title" in out, language


@pytest.mark.long
def test_the_reference_reads_well_everywhere(server: Server, visiting: Visiting) -> None:
    with visiting(server, "/docs") as visit:
        visit.look("docs-overview", whole=False)
        goes(visit.page, "webhooks")
        visit.page.locator(".answer > summary").first.click()
        visit.look("docs-webhooks", whole=False)
        goes(visit.page, "generate_with_lyrics")
        visit.page.locator("#try > summary").click()
        visit.look("docs-operation", whole=False)
