"""The form: a plan that is out of date, words to begin with, pickers, a length, a photo by drop and paste."""

import base64
from typing import Any

from playwright.sync_api import Page, expect

from lyrics.wishes.reading import read
from reading.language import asked_language
from tests.page.conftest import DESKTOP, PHONE, Visiting
from tests.page.test_page import describe, open_id, options, press_make, until, wait_for_song
from tests.service.server import Server
from tests.vision.photos import file_of, shot


def brief(server: Server, page: Page) -> dict[str, Any]:
    with server.client() as client:
        answer: dict[str, Any] = client.get(f"/songs/{open_id(page)}").raise_for_status().json()["brief"]
    return answer


def test_a_plan_is_out_of_date_once_its_words_are_changed_and_gone_once_used(
    server: Server, visiting: Visiting
) -> None:
    with visiting(server) as visit:
        page = visit.page
        stale = page.locator("#plan-stale")
        describe(page, "a planned song about boats", seconds=5)
        page.get_by_role("button", name="Plan first").click()
        expect(page.get_by_role("heading", name="The plan")).to_be_focused()
        expect(stale).to_be_hidden()
        page.get_by_label("Title").fill("Boats")
        page.get_by_label("Your song").fill("a song about trains")
        expect(stale).to_be_visible()
        visit.look("plan-stale")
        press_make(page)
        expect(page.get_by_role("button", name="Plan again")).to_be_focused()
        assert "#song/" not in page.url
        page.get_by_label("Your song").fill("a planned song about boats")
        expect(stale).to_be_hidden()
        page.get_by_label("Instrumental, no vocal").check()
        page.reload()
        expect(stale).to_be_visible()
        expect(page.get_by_label("Title")).to_have_value("Boats")
        page.get_by_role("button", name="Plan again").click()
        expect(stale).to_be_hidden()
        page.get_by_label("Title").fill("Another name")
        press_make(page)
        wait_for_song(page)
        assert brief(server, page)["plan"]["title"] == "Another name"
        expect(page.locator("#plan")).to_be_hidden()
        first = open_id(page)
        page.get_by_role("button", name="Plan first").click()
        expect(page.locator("#plan")).to_be_visible()
        page.get_by_label("Your song").fill("a song about trains")
        page.get_by_role("button", name="Make without it").click()
        until(page, "first => !location.hash.endsWith(first)", first)
        wait_for_song(page)
        assert brief(server, page)["plan"] is None
        expect(page.locator("#plan")).to_be_hidden()


def test_pickers_and_words_never_contradict_each_other(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        sentence = page.get_by_label("Your song")
        page.get_by_role("button", name="Campfire").click()
        expect(sentence).to_have_value(
            "a warm folk song, acoustic guitar, male vocal, 92 BPM, about the last night of summer"
        )
        expect(page.locator("#sound-summary")).to_have_text("folk, 92 BPM, Male")
        page.locator("#sound summary").click()
        page.get_by_label("Genre", exact=True).select_option("jazz")
        page.get_by_label("Beats per minute").fill("71")
        page.get_by_label("Musical key").select_option("Bb minor")
        page.get_by_label("Voice", exact=True).select_option("Female")
        page.get_by_label("Sung in").select_option("German")
        visit.look("pickers", sizes=(DESKTOP, PHONE))
        words = sentence.input_value()
        assert words == (
            "a warm jazz song, acoustic guitar, female vocal, 71 BPM, in Bb minor, sung in German, "
            "about the last night of summer"
        )
        found = read(words)
        assert (found.genre, found.tempo_bpm, found.key, found.voice) == ("jazz", 71.0, "Bb minor", "female")
        assert found.theme == "the last night of summer"
        assert asked_language(words) == "de"
        page.get_by_label("Voice", exact=True).select_option("as it fits")
        page.get_by_label("Genre", exact=True).select_option("as it fits")
        expect(sentence).to_have_value(
            "a warm song, acoustic guitar, 71 BPM, in Bb minor, sung in German, "
            "about the last night of summer"
        )
        sentence.fill("an upbeat song with a female vocal about a house by the sea")
        expect(page.get_by_label("Voice", exact=True)).to_have_value("female")
        expect(page.get_by_label("Genre", exact=True)).to_have_value("")
        page.get_by_label("Genre", exact=True).select_option("indie")
        expect(sentence).to_have_value("an upbeat indie song with a female vocal about a house by the sea")
        page.get_by_label("Instrumental, no vocal").check()
        expect(page.get_by_label("Voice", exact=True)).to_be_disabled()


def test_surprise_me_says_something_else_each_time_that_is_understood(
    server: Server, visiting: Visiting
) -> None:
    with visiting(server) as visit:
        page = visit.page
        found = set()
        for _ in range(8):
            page.get_by_role("button", name="Surprise me").click()
            words = page.get_by_label("Your song").input_value()
            reading = read(words)
            assert reading.genre, words
            assert reading.voice, words
            assert reading.theme, words
            found.add(words)
        assert len(found) > 4
        page.reload()
        expect(page.get_by_label("Your song")).to_have_value(words)


def test_a_length_is_typed_as_a_clock_shows_it_or_said_in_the_words(
    server: Server, visiting: Visiting
) -> None:
    with visiting(server) as visit:
        page = visit.page
        page.get_by_label("Your song").fill("a 7 second jingle")
        options(page)
        length = page.get_by_label("Duration, seconds or 3:00")
        length.fill("3:99")
        press_make(page)
        expect(page.locator("#audio_duration-error")).to_contain_text("A length from 5 s to 10:00")
        for typed, seconds in (("0:06", 6.0), ("", 7.0)):
            before = page.url
            length.fill(typed)
            press_make(page)
            until(page, "before => location.href !== before", before)
            wait_for_song(page)
            assert brief(server, page)["duration_s"] == seconds
        expect(page.locator("#quote")).to_contain_text("no charge")


DROPPED = """([name, encoded, type]) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/jpeg" }));
  const target = document.getElementById("full_described_song");
  const options = { bubbles: true, cancelable: true };
  target.dispatchEvent(type === "paste" ? new ClipboardEvent("paste", { ...options, clipboardData: data })
    : new DragEvent(type, { ...options, dataTransfer: data }));
}"""


def test_a_photo_is_dropped_or_pasted_and_seen(server: Server, visiting: Visiting) -> None:
    photo = base64.b64encode(file_of(shot("sea"), "JPEG")).decode()
    with visiting(server) as visit:
        page = visit.page
        preview = page.get_by_alt_text("The photo you chose")
        for way in ("drop", "paste"):
            page.evaluate(DROPPED, ["sea.jpg", photo, way])
            expect(preview).to_be_visible()
            until(page, "document.getElementById('image-preview').naturalWidth > 0")
            assert page.evaluate("document.getElementById('image').files[0].name") == "sea.jpg"
            if way == "drop":
                visit.look("photo-dropped", sizes=(PHONE,))
            page.get_by_role("button", name="Remove the photo").click()
            expect(preview).to_be_hidden()


def test_a_song_gives_its_words_back_to_the_form(server: Server, visiting: Visiting) -> None:
    song = {
        "brief": {
            "description": "slow folk",
            "lyrics": "[verse]\nPaper boats",
            "duration_s": 95.0,
            "format": "flac",
        }
    }
    with visiting(server, size=PHONE) as visit:
        page = visit.page
        page.get_by_role("button", name="Library", exact=True).click()
        page.evaluate(
            "song => document.dispatchEvent(new CustomEvent('songwright:reuse', { detail: song }))", song
        )
        expect(page.get_by_label("Own lyrics")).to_be_checked()
        expect(page.get_by_role("textbox", name="Lyrics")).to_have_value("[verse]\nPaper boats")
        expect(page.get_by_label("Style")).to_have_value("slow folk")
        expect(page.locator("#options-summary")).to_have_text("1:35, flac")
        page.reload()
        expect(page.get_by_role("textbox", name="Lyrics")).to_have_value("[verse]\nPaper boats")
