"""A photo on the page: chosen, sent, shown as the cover, refused."""

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.page.conftest import Visiting
from tests.page.test_page import open_id, options, press_make, until, wait_for_song
from tests.service.server import Server
from tests.vision.photos import file_of, shot


def read(server: Server, song_id: str) -> dict[str, Any]:
    with server.client() as client:
        song: dict[str, Any] = client.get(f"/songs/{song_id}").raise_for_status().json()
    return song


def test_a_photo_makes_a_song_and_is_its_cover(server: Server, visiting: Visiting, tmp_path: Path) -> None:
    photo = tmp_path / "holiday.jpg"
    photo.write_bytes(file_of(shot("sea").repeat(6, 0).repeat(6, 1), "JPEG"))
    with visiting(server) as visit:
        page = visit.page
        cover = page.get_by_label("Use it as the cover")
        expect(cover).to_be_hidden()
        page.get_by_label("Photo, if you like").set_input_files(photo)
        expect(page.get_by_role("button", name="Plan first")).to_be_hidden()
        cover.check()
        visit.look("photo")
        options(page)
        page.get_by_label("Duration, seconds").fill("6")
        press_make(page)
        wait_for_song(page)
        song = read(server, open_id(page))
        assert "the open sea" in song["scene"]["elements"]
        assert song["engines"]["art"]["name"] == "photo"
        expect(page.locator("#song-description")).to_contain_text(song["scene"]["description"])
        first = open_id(page)
        page.locator("#again-button").click()
        until(page, "first => !location.hash.endsWith(first)", first)
        wait_for_song(page)
        again = read(server, open_id(page))
        assert again["assets"]["photo"]["sha256"] == song["assets"]["photo"]["sha256"]
        assert again["seed"] != song["seed"]


def test_a_file_that_is_no_photo_is_said_beside_it_and_can_be_removed(
    server: Server, visiting: Visiting, tmp_path: Path
) -> None:
    drawing = tmp_path / "drawing.png"
    drawing.write_text("<svg/>")
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(10_000_001))
    with visiting(server) as visit:
        page = visit.page
        visit.expected = {415}
        chooser = page.get_by_label("Photo, if you like")
        chooser.set_input_files(drawing)
        press_make(page)
        expect(page.locator("#image-error")).to_contain_text("PNG, JPEG, WebP")
        expect(chooser).to_be_focused()
        chooser.set_input_files(large)
        press_make(page)
        expect(page.locator("#image-error")).to_have_text("A photo of up to 10 MB, please.")
        page.get_by_role("button", name="Remove the photo").click()
        expect(page.get_by_role("button", name="Plan first")).to_be_visible()
        press_make(page)
        expect(page.locator("#full_described_song-error")).to_have_text("Say what the song should be.")
