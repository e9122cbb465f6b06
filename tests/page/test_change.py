"""A song is changed in the browser, again and again, and compared with what it was."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Visiting
from tests.page.test_page import MADE_MS, SKETCH, open_id, sounding, until
from tests.service.server import Server, serving

WORDS = "[verse]\nMorning paints the quiet street\n[chorus]\nHold the light and let it grow"


@pytest.fixture(scope="module")
def sketch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), **SKETCH) as server:
        yield server


@pytest.fixture(scope="module")
def first(sketch: Server) -> str:
    """The song that all others are made of."""
    with sketch.client() as client:
        body = {"prompt": "pop, 120 BPM", "lyrics": WORDS, "audio_duration": 24, "seed": 5}
        answer = client.post("/generate-with-lyrics", json=body)
        return str(answer.raise_for_status().json()["id"])


def open_song(page: Page, song_id: str) -> None:
    page.goto(f"{page.url.partition('#')[0]}#song/{song_id}")
    shows(page, song_id)


def shows(page: Page, song_id: str) -> None:
    """Waits for this song, done: the one before may stand there a moment longer."""
    file = page.locator("#download-audio")
    expect(file).to_have_attribute("href", re.compile(song_id), timeout=MADE_MS)
    expect(page.locator("#song")).to_have_attribute("data-status", "done")


def change(page: Page, task: str) -> None:
    if not page.locator("#change-form").is_visible():
        page.get_by_text("Change this song").click()
    page.get_by_role("radio", name=task, exact=True).check()


def press(page: Page, button: str) -> str:
    """The id of the new song, once it is done."""
    before = open_id(page)
    page.get_by_role("button", name=button).click()
    page.wait_for_url(re.compile(f"#song/(?!{before})"))
    shows(page, open_id(page))
    return open_id(page)


def test_a_song_is_extended_repainted_sung_anew_compared_and_its_parent_deleted(
    sketch: Server, visiting: Visiting, first: str
) -> None:
    with visiting(sketch) as visit, sketch.client() as client:
        page = visit.page
        open_song(page, first)

        change(page, "Longer")
        page.get_by_label("Seconds more").fill("20")
        page.locator("#change-lyrics").fill("[bridge]\nOne more line before the end")
        longer = press(page, "Make it longer")
        expect(page.locator("#lineage")).to_contain_text("20 s more")
        expect(page.locator("#lyrics-box")).to_contain_text("One more line")
        # A second that the song did not have before: then it is heard from its beginning.
        page.locator("#seek").press("End")
        page.get_by_role("button", name="Hear it before the change").click()
        until(page, "document.querySelector('#audio').src.includes('" + first + "')")
        sounding(page)
        assert page.evaluate("document.querySelector('#audio').currentTime") < 10
        page.get_by_role("button", name="Pause", exact=True).click()
        page.reload()
        expect(page.get_by_role("button", name="Hear it before the change")).to_be_visible()

        change(page, "A part")
        expect(page.locator("#span")).to_be_visible()
        expect(page.locator("#change-lyrics")).to_have_value(re.compile("Morning paints"))
        page.locator("#change-lyrics").fill("Evening brings a colder wind")
        repainted = press(page, "Make this part anew")
        expect(page.locator("#lyrics-box")).to_contain_text("Evening brings")
        expect(page.locator("#lyrics-box")).not_to_contain_text("Morning")
        expect(page.locator("#lineage li")).to_have_count(2)

        # Before and after, at the same second.
        page.get_by_role("button", name="Play", exact=True).click()
        sounding(page, after=0.3)
        at = page.evaluate("document.querySelector('#audio').currentTime")
        page.get_by_role("button", name="Hear it before the change").click()
        until(page, "document.querySelector('#audio').src.includes('" + longer + "')")
        sounding(page, after=at)
        page.get_by_role("button", name="Hear it after the change").click()
        until(page, "document.querySelector('#audio').src.includes('" + repainted + "')")

        change(page, "Words")
        expect(page.locator("#change-lyrics")).to_have_value(re.compile("Evening brings"))
        page.locator("#change-lyrics").fill("[verse]\nUnder the bridge the water sleeps")
        resung = press(page, "Sing these words")
        expect(page.locator("#lyrics-box")).to_contain_text("Under the bridge")

        change(page, "Sound")
        page.locator("#change-prompt").fill("reggae with organ")
        remixed = press(page, "Make it in this style")
        expect(page.locator("#lineage li")).to_have_count(4)

        # Stems are there, and are not offered again.
        page.locator("#stems-part summary").click()
        expect(page.locator("#stems li")).to_have_count(len(stems(client.get(f"/songs/{remixed}").json())))
        page.get_by_text("Change this song").click()
        expect(page.locator("#change-stems")).to_be_hidden()

        # The parent goes; its children stay, and say so.
        open_song(page, longer)
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Delete it").click()
        expect(page.locator("#song")).to_be_hidden()
        visit.expected = {404}
        open_song(page, repainted)
        expect(page.locator("#lineage")).to_contain_text("a song that was deleted")
        open_song(page, resung)
        expect(page.locator("#lineage li").first).to_contain_text("other words")
        assert client.get(f"/songs/{repainted}").json()["parent"] == longer


def stems(song: dict[str, dict[str, object]]) -> list[str]:
    return [role for role in song["assets"] if role.startswith("stem:")]


def test_a_span_is_drawn_over_the_waveform_and_what_is_wrong_stands_beside_its_field(
    sketch: Server, visiting: Visiting, first: str
) -> None:
    with visiting(sketch) as visit:
        page = visit.page
        open_song(page, first)
        change(page, "A part")
        area = page.locator("#seek").bounding_box()
        assert area
        middle = area["y"] + area["height"] / 2
        page.mouse.move(area["x"] + 0.25 * area["width"], middle)
        page.mouse.down()
        page.mouse.move(area["x"] + 0.5 * area["width"], middle, steps=5)
        page.mouse.up()
        span = [float(page.locator(field).input_value()) for field in ("#change-from", "#change-to")]
        assert span == pytest.approx([6.0, 12.0], abs=0.4)
        page.locator("#change-to").fill("90")
        visit.expected = {422}
        page.get_by_role("button", name="Make this part anew").click()
        expect(page.locator("#change-to-error")).to_contain_text("the song's end")
        expect(page.locator("#change-to")).to_be_focused()
        page.locator("#change-to").fill("12")
        press(page, "Make this part anew")


def test_the_panel_fits_every_size_and_has_no_serious_findings(
    sketch: Server, visiting: Visiting, first: str
) -> None:
    with visiting(sketch) as visit:
        page = visit.page
        open_song(page, first)
        for task in ("A part", "Sound"):
            change(page, task)
            visit.look(f"change-{task.split()[-1].lower()}")
