"""Signing in without typing a token, and what pages of other origins cannot do with a browser's session."""

import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Page, Request, expect

from tests.hostile.figures import resisted
from tests.page.conftest import PATIENCE_MS, PHONE, Visiting
from tests.service.server import TOKEN, Server

_FETCH = """async ([url, options]) => {
  try { return (await fetch(url, options)).status; } catch (error) { return error.name; }
}"""
_FRAME = """url => {
  const frame = document.createElement("iframe");
  frame.src = url;
  document.body.append(frame);
}"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another site on another port of this machine, to whose pages cookies of ours are sent along."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "index.html").write_text("<!doctype html><title>Elsewhere</title><form method=post></form>")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as site:
        running = Thread(target=site.serve_forever, daemon=True)
        running.start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
        running.join()


def new_code(server: Server) -> dict[str, str]:
    with server.client() as client:
        made: dict[str, str] = client.post("/session/codes").json()
        return made


def signed_in(page: Page) -> None:
    expect(page.get_by_role("dialog", name="Sign-in")).to_be_hidden()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()


def test_a_link_with_a_code_signs_in_once_and_leaves_nothing_behind(
    server: Server, visiting: Visiting
) -> None:
    code = new_code(server)["code"]
    with visiting(server, f"/#code={code}", token=False) as visit:
        page, sent = visit.page, []
        visit.expected = {401}

        def keep(request: Request) -> None:
            sent.append((request.url, request.headers.get("referer", "")))

        page.on("request", keep)
        signed_in(page)
        assert page.url == f"{server.url}/"
        assert page.evaluate("document.cookie") == ""  # no script reads it
        page.reload()
        signed_in(page)
        (cookie,) = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        # The cookie sends requests from the reference too, also such as change something.
        for view, method in (("list_songs", "GET"), ("plan_song", "POST")):
            page.goto(f"{server.url}/docs#{view}")
            page.locator("#try > summary").click()
            expect(page.get_by_role("textbox", name="Token")).to_have_value("")
            page.get_by_role("button", name=f"Send {method}").click()
            expect(page.locator(".result-status")).to_contain_text("200")
        page.goto(f"{server.url}/")
        signed_in(page)
        state = page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state])")
        assert TOKEN not in state
        assert code not in state
        # Nobody else comes in by it; this browser says so and stays signed in.
        page.goto("about:blank")
        page.goto(f"{server.url}/#code={code}")
        signed_in(page)
        page.context.clear_cookies()
        page.goto("about:blank")
        page.goto(f"{server.url}/#code={code}")
        expect(page.get_by_role("dialog", name="Sign-in")).to_contain_text("used before")
        # In the same tab, by the link alone: the browser loads nothing anew.
        page.evaluate("code => { location.hash = `#code=${code}`; }", new_code(server)["code"])
        signed_in(page)
        assert page.url == f"{server.url}/"
        assert not [found for found in sent if "code=" in "".join(found) or code in "".join(found)]
    assert code not in "\n".join(server.lines)


def test_a_token_of_an_earlier_version_becomes_a_cookie(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        signed_in(visit.page)
        assert TOKEN not in json.dumps(visit.page.context.storage_state())
        visit.page.reload()
        signed_in(visit.page)


def test_the_page_opens_on_a_phone_where_it_reaches_the_server(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Open on your phone").click()
        dialog = page.get_by_role("dialog", name="Open on your phone")
        expect(dialog).to_contain_text("songwright serve --host 0.0.0.0")
        expect(dialog.get_by_role("img")).to_be_hidden()
        dialog.get_by_role("button", name="Close").click()
        made = new_code(server) | {"local": False}
        page.route("**/session/codes", lambda route: route.fulfill(json=made))  # as one in a network answers
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Open on your phone").click()
        picture = dialog.get_by_role("img", name="QR code of the link")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        expect(page.get_by_label("Or open this link there")).to_have_value(made["url"])
        visit.look("phone-code", sizes=(PHONE,), whole=False)
        dialog.get_by_role("button", name="Close").click()
        assert made["code"] not in page.content()


def test_a_share_link_plays_without_a_token_and_in_no_frame(
    server: Server, visiting: Visiting, elsewhere: str
) -> None:
    body = {"full_described_song": "a shared song", "audio_duration": 5}
    with server.client() as client:
        made = client.post("/generate-from-description", json=body).json()
        url = client.post(f"/songs/{made['id']}/share").json()["url"]
    with visiting(server, url.removeprefix(server.url), token=False, locale="en-GB") as visit:
        page = visit.page
        expect(page.get_by_role("heading", name=made["title"])).to_be_visible()
        assert (
            page.locator("img.cover").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        )
        visit.look("share")
        page.evaluate("document.querySelector('audio').play()")
        assert page.evaluate("document.querySelector('audio').duration") > 1
        other = page.context.new_page()
        other.goto(elsewhere)
        with other.expect_console_message(
            lambda message: "frame-ancestors" in message.text, timeout=PATIENCE_MS
        ):
            other.evaluate(_FRAME, url)
        other.close()
        visit.expected = {410}
        with server.client() as client:
            client.delete(f"/songs/{made['id']}")
        page.reload()
        expect(page.get_by_role("heading", name="There is no song here")).to_be_visible()
        visit.look("share-gone", sizes=(PHONE,))


def test_a_page_of_another_origin_does_nothing_with_the_session(
    server: Server, visiting: Visiting, elsewhere: str
) -> None:
    with visiting(server) as visit:
        signed_in(visit.page)
        with server.client() as client:
            before = {song["id"] for song in client.get("/songs").json()["songs"]}
        other = visit.page.context.new_page()
        other.goto(elsewhere)
        seen: list[int] = []
        other.on("response", lambda answer: seen.append(answer.status))
        body = {"full_described_song": "a song that nobody wanted"}
        for options in (
            {"method": "POST", "credentials": "include", "mode": "no-cors", "body": json.dumps(body)},
            {"method": "POST", "credentials": "include", "body": "x"},
            {"method": "GET", "credentials": "include"},
        ):
            path = "/songs" if options["method"] == "GET" else "/generate-from-description"
            assert other.evaluate(_FETCH, [server.url + path, options]) in (0, "TypeError")
        gone = {"method": "DELETE", "credentials": "include"}
        assert other.evaluate(_FETCH, [f"{server.url}/session", gone]) == "TypeError"
        with other.expect_navigation():
            form = "url => { const form = document.forms[0]; form.action = url; form.submit(); }"
            other.evaluate(form, f"{server.url}/generate-from-description")
        assert seen
        assert all(status in (401, 403, 405) for status in seen), seen
        other.close()
        with server.client() as client:
            assert {song["id"] for song in client.get("/songs").json()["songs"]} <= before
        visit.page.reload()
        signed_in(visit.page)
    resisted(
        "forms and scripts of another port of this machine, requests with a cookie and no `Origin`",
        limit="a cookie is for the service's own origin",
        figure="403 from a browser too; nothing was made, and the session still stands",
    )
