"""The form: a plan that is out of date, words to begin with, pickers, a length, a photo by drop and paste."""

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from lyrics.wishes.reading import read
from reading.language import asked_language
from tests.page.conftest import DESKTOP, PHONE, Visiting
from tests.page.test_page import describe, open_id, options, press_make, until, wait_for_song
from tests.page.test_player import of_module
from tests.service.server import Server
from tests.vision.photos import file_of, shot

MADE = "**/generate-from-description"


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
        # A photo is not planned, and costs nobody the plan.
        photo = page.get_by_label("Photo, if you like")
        sea = file_of(shot("sea"), "JPEG")
        photo.set_input_files({"name": "sea.jpg", "mimeType": "image/jpeg", "buffer": sea})
        expect(stale).to_be_visible()
        expect(page.locator("#plan-renew")).to_be_hidden()
        photo.set_input_files([])
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
        visit.expected = {429}
        page.route(MADE, lambda route: route.fulfill(status=429))
        page.get_by_role("button", name="Make without it").click()
        expect(page.locator("#form-error")).to_contain_text("as much to do as it takes")
        page.unroute(MADE)
        expect(page.locator("#plan")).to_be_visible()
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


def test_words_that_an_example_took_the_place_of_can_be_had_back(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        back = page.get_by_role("button", name="My words back")
        page.get_by_role("button", name="Campfire").click()
        expect(back).to_be_hidden()
        page.get_by_label("Your song").fill("words of my own")
        page.get_by_role("button", name="Monday").click()
        page.get_by_role("button", name="Surprise me").click()
        back.click()
        expect(page.get_by_label("Your song")).to_have_value("words of my own")
        expect(back).to_be_hidden()


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
        read_as = of_module(page, "duration", "argument.map(it.secondsOf)", list(LENGTHS))
        assert read_as == pytest.approx(list(LENGTHS.values()), nan_ok=True)
        for typed, seconds in (("0:06", 6.0), ("", 7.0)):
            before = page.url
            length.fill(typed)
            press_make(page)
            until(page, "before => location.href !== before", before)
            wait_for_song(page)
            assert brief(server, page)["duration_s"] == seconds
        quote = page.locator("#quote")
        expect(quote).to_contain_text("no charge")
        photo = {"name": "sea.jpg", "mimeType": "image/jpeg", "buffer": file_of(shot("sea"), "JPEG")}
        page.get_by_label("Photo, if you like").set_input_files(photo)
        expect(quote).to_have_text(re.compile(r"Takes .*, no charge\. Reading the photo comes on top\."))


LENGTHS = {
    "3:00": 180,
    "180": 180,
    " 3 min ": 180,
    "2 min 30 s": 150,
    "2m30": 150,
    "1,5 Minuten": 90,
    "90 sek.": 90,
    "3 minutos": 180,
    "３：００": 180,
    "3 分钟": 180,
    "2分30秒": 150,
    **dict.fromkeys(("3:75", "3:5", "", "-3", "1e2", "5:00:00", "three"), float("nan")),
}


def test_a_price_is_never_another_songs_and_a_refusal_is_said_in_plain_words(
    server: Server, visiting: Visiting
) -> None:
    waiting: list[Route] = []

    def asked(seconds: int) -> Route:
        for _ in range(1500):
            if waiting and waiting[-1].request.post_data_json.get("audio_duration") == seconds:
                return waiting[-1]
            page.wait_for_timeout(20)
        raise AssertionError([route.request.post_data for route in waiting])

    keys: list[str] = []

    def refuse(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fulfill(**REFUSALS[len(keys) - 1][0])

    with visiting(server) as visit:
        page = visit.page
        line = page.locator("#quote")
        page.route("**/quote", lambda route: waiting.append(route))
        describe(page, "a song with a price", seconds=30)
        priced = asked(30)
        expect(line).to_have_text("Time and price are being worked out …")
        priced.fulfill(json={"seconds": {"p50": 20.0}, "usd": {"p50": 0.25}})
        expect(line).to_have_text("Takes about 20 s, $0.25.")
        page.get_by_label("Duration, seconds").fill("600")
        failed = asked(600)
        expect(line).to_have_text("Time and price are being worked out …")
        visit.expected = {413, 429, 502, 503}
        failed.fulfill(status=503)
        expect(line).to_have_text("Time and price are not known just now.")
        page.route(MADE, refuse)
        for _, words in REFUSALS:
            press_make(page)
            expect(page.locator("#form-error")).to_have_text(words)
        # After a lost answer the same request is sent once more, and makes no second song.
        assert keys[0] == keys[1]
        assert len(set(keys)) == 3


REFUSALS: list[tuple[dict[str, Any], str]] = [
    (
        {"status": 502, "body": "<html>Bad gateway</html>"},
        "The server cannot be reached. Nothing you typed is lost; try again in a moment.",
    ),
    (
        {"status": 413, "body": "<html>Too large</html>"},
        "That is too large for the server. Send something smaller.",
    ),
    (
        {"status": 429, "headers": {"Retry-After": "7"}, "json": {"type": "x", "detail": "12 songs"}},
        "The server has as much to do as it takes at once. Try again in 7 s.",
    ),
    (
        {"status": 503, "json": {"type": "x", "detail": "the engines are being loaded"}},
        "The server is not ready for this now. (the engines are being loaded)",
    ),
]


# Files of these names, with these bytes or so many zeros.
DROPPED = """([names, encoded, type, place = "full_described_song"]) => {
  const decode = () => Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const bytes = typeof encoded === "number" ? new Uint8Array(encoded) : decode();
  const data = new DataTransfer();
  const kinds = { jpg: "image/jpeg", txt: "text/plain" };
  for (const name of names.split(" "))
    data.items.add(new File([bytes], name, { type: kinds[name.split(".")[1]] || "" }));
  const target = document.getElementById(place);
  const options = { bubbles: true, cancelable: true };
  return target.dispatchEvent(type === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: data })
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
        error = page.locator("#image-error")
        for way in ("drop", "paste"):
            for names, words in (
                ("sea.heic", "Only a PNG, JPEG or WebP can be used."),
                ("notes.txt", "Only a PNG, JPEG or WebP can be used."),
                ("sea.jpg shore.jpg", "One photo at a time, please."),
            ):
                page.evaluate(DROPPED, [names, photo, way])
                expect(error).to_have_text(words)
                expect(preview).to_be_hidden()
        page.evaluate(DROPPED, ["large.jpg", 10_000_001, "drop"])
        expect(error).to_have_text("A photo of up to 10 MB, please.")
        # Beside the form the browser would open it in the place of the page.
        assert page.evaluate(
            f"argument => !({DROPPED})(argument)", ["sea.jpg", photo, "drop", "library-heading"]
        )
        expect(preview).to_be_hidden()
        page.evaluate(DROPPED, ["sea.jpg notes.txt", photo, "drop"])
        expect(preview).to_be_visible()
        expect(error).to_be_hidden()


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
