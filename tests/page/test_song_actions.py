"""What is done to a song in its view: its name, star and tags, a share link, a new cover, its prompt."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from orchestrator.songs.library import Library
from storage.local import LocalStore
from tests.orchestrator.songs import made_song
from tests.page.conftest import Visiting
from tests.page.test_page import MADE_MS, open_id, sounding, until
from tests.page.test_player import of_module
from tests.service.server import Server


@pytest.fixture(scope="module")
def song_id(server: Server) -> str:
    with server.client() as client:
        body = {"full_described_song": "Plain name", "audio_duration": 6, "seed": 4}
        return str(client.post("/generate-from-description", json=body).raise_for_status().json()["id"])


def kept(server: Server, song_id: str) -> dict[str, Any]:
    with server.client() as client:
        song: dict[str, Any] = client.get(f"/songs/{song_id}").raise_for_status().json()
    return song


def test_a_song_is_renamed_starred_and_tagged_while_it_plays_on(
    server: Server, visiting: Visiting, song_id: str
) -> None:
    with visiting(server, f"/#song/{song_id}") as visit:
        page = visit.page
        page.locator("#play-button").click()
        sounding(page)
        of_module(page, "player", "it.setLoop('one')")
        page.get_by_role("button", name="Rename").click()
        title = page.get_by_label("Name of the song")
        expect(title).to_be_focused()
        expect(title).to_have_value("Plain name")
        title.fill("A finer name")
        page.keyboard.press("Enter")
        for place in ("#song-title", "#bar-title"):
            expect(page.locator(place)).to_have_text("A finer name")
        page.locator("#favourite-button").click()
        expect(page.locator("#favourite-button")).to_have_attribute("aria-pressed", "true")
        tag = page.get_by_label("Add a tag")
        for word in ("#summer", "for Ada"):
            tag.fill(word)
            tag.press("Enter")
            expect(tag).to_have_value("")
        expect(page.locator("#song-tags li > span")).to_have_text(["summer", "for Ada"])
        visit.look("song-tags")
        page.get_by_role("button", name="Remove the tag summer").click()
        expect(page.locator("#song-tags li > span")).to_have_text(["for Ada"])
        sounding(page)
        song = kept(server, song_id)
        assert (song["title"], song["favourite"], song["tags"]) == ("A finer name", True, ["for Ada"])
        page.reload()
        expect(page.locator("#favourite-button")).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Rename").click()
        page.get_by_label("Name of the song").fill("never kept")
        page.keyboard.press("Escape")
        expect(page.locator("#song-title")).to_have_text("A finer name")


def test_a_song_is_shared_by_a_link_that_ends(server: Server, visiting: Visiting, song_id: str) -> None:
    with visiting(server, f"/#song/{song_id}") as visit:
        page = visit.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Share", exact=True).click()
        dialog = page.get_by_role("dialog", name="Share this song")
        dialog.get_by_label("It works for").select_option("86400")
        dialog.get_by_role("button", name="Make the link").click()
        link = dialog.get_by_label("Link", exact=True)
        expect(link).to_be_visible()
        expect(dialog).to_contain_text("It works until")
        expect(dialog).to_contain_text("Only this computer can open this link.")
        expect(dialog.get_by_role("button", name="Make the link")).to_be_hidden()
        visit.look("share", whole=False)
        dialog.get_by_role("button", name="Copy").click()
        expect(dialog.get_by_role("status")).to_have_text("Copied.")
        assert page.evaluate("navigator.clipboard.readText()") == link.input_value()
        assert link.input_value().startswith(server.url)


def test_a_song_gets_a_new_cover(server: Server, visiting: Visiting, song_id: str) -> None:
    before = kept(server, song_id)
    with visiting(server, f"/#song/{song_id}") as visit:
        page = visit.page
        page.get_by_role("button", name="New cover").click()
        dialog = page.get_by_role("dialog", name="A new cover")
        dialog.get_by_label("What it shows, if you like").fill("a red kite")
        visit.look("new-cover", whole=False)
        dialog.get_by_role("button", name="Make a new cover").click()
        expect(dialog).to_be_hidden()
        until(page, "first => !location.hash.endsWith(first)", song_id)
        expect(page.locator("#song-title")).to_be_focused()
        expect(page.locator("#song")).to_have_attribute("data-status", "done", timeout=MADE_MS)
        until(page, "document.querySelector('#song-cover').naturalWidth > 0")
        expect(page.locator("#lineage")).to_contain_text("another cover")
        after = kept(server, open_id(page))
    assert after["parent"] == song_id
    assert after["assets"]["cover"]["sha256"] != before["assets"]["cover"]["sha256"]
    assert kept(server, song_id)["assets"] == before["assets"]


def test_the_prompt_is_offered_to_the_form_again(server: Server, visiting: Visiting, song_id: str) -> None:
    with visiting(server, f"/#song/{song_id}") as visit:
        page = visit.page
        page.evaluate(REUSED)
        page.get_by_role("button", name="Use this prompt").click()
        until(page, "window.reused === 'Plain name'")


def test_what_is_made_again_keeps_its_wishes_and_files_of_another_host_are_saved(
    server: Server, visiting: Visiting
) -> None:
    song = made_song(51, {}, {}, cover_title=False, master=False)
    Library(LocalStore(server.home)).save(song)
    with visiting(server, f"/#song/{song.id}") as visit:
        page = visit.page
        visit.expected = {429}
        page.route("**/generate-from-description", lambda route: route.fulfill(status=429))
        with page.expect_request("**/generate-from-description") as asked:
            page.locator("#again-button").click()
        body = asked.value.post_data_json
        assert (body["cover_title"], body["master"], body["seed"]) == (False, False, -1)
        expect(page.locator("#action-error")).to_contain_text("as much to do as it takes")
        there = "https://bucket.example/a"
        kept_there = {"audio": there, "package": there, "stem:bass": "/files/songs/a/bass.flac"}
        addresses = "Object.keys(argument).map((role) => it.downloadOf({ id: 'a', urls: argument }, role))"
        assert of_module(page, "api", addresses, kept_there) == [
            "/songs/a/audio?download=true",
            "/songs/a/package",
            "/files/songs/a/bass.flac",
        ]


REUSED = """document.addEventListener("songwright:reuse", ({ detail }) => {
  window.reused = detail.brief.description;
})"""
