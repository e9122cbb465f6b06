"""The page as people use it: in a browser, by mouse, keyboard and thumb, on a desk and on a phone."""

import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.orchestrator.test_cli import QUICK
from tests.page.conftest import HELD, PATIENCE_MS, PHONE, Visiting
from tests.page.engines import HOLD
from tests.service.server import TOKEN, Server, serving

SKETCH = dict.fromkeys(QUICK, "")  # an empty variable leaves the setting at its default
MADE_MS = 180_000


def describe(page: Page, sentence: str, seconds: int = 10) -> None:
    page.get_by_label("Your song").fill(sentence)
    options(page)
    page.get_by_label("Duration, seconds").fill(str(seconds))


def options(page: Page) -> None:
    if not page.get_by_label("Duration, seconds").is_visible():
        page.get_by_text("Options").click()


def press_make(page: Page) -> None:
    page.get_by_role("button", name="Make the song").click()


def wait_for_song(page: Page) -> None:
    expect(page.locator("#song")).to_have_attribute("data-status", "done", timeout=MADE_MS)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def open_id(page: Page) -> str:
    return page.url.rpartition("#song/")[2]


def fact(page: Page, name: str) -> str:
    return page.locator("#facts div", has_text=re.compile(f"^{name}")).locator("dd").inner_text()


def until(page: Page, expression: str, argument: object = None) -> None:
    """Waits for something that only a script can see; the browser's own way needs eval, which the page's
    policy forbids."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(expression, argument):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)


def sounding(page: Page, selector: str = "#audio", after: float = 0.0) -> None:
    until(
        page,
        "([selector, after]) => { const audio = document.querySelector(selector);"
        " return !audio.paused && audio.currentTime > after; }",
        [selector, after],
    )


def slowly(page: Page) -> None:
    """Has what plays take its time: what is to be seen of one line is there for many seconds."""
    page.evaluate("document.querySelector('#audio').playbackRate = 0.1")


def tab_to(page: Page, selector: str, most: int = 12) -> None:
    """Presses Tab until the control has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("control => control === document.activeElement"):
            return
    raise AssertionError(f"{selector} is not within {most} presses of Tab")


def at_second(page: Page) -> float:
    return float(page.evaluate("document.querySelector('#audio').currentTime"))


def test_the_page_asks_for_a_token_and_says_when_it_is_wrong(server: Server, visiting: Visiting) -> None:
    with visiting(server, token=False) as visit:
        page = visit.page
        visit.expected = {401}
        dialog = page.get_by_role("dialog", name="Sign-in")
        expect(dialog).to_be_visible()
        expect(page.get_by_label("Token", exact=True)).to_be_focused()
        visit.look("token")
        dialog.get_by_role("button", name="Use this token").click()
        expect(dialog.get_by_role("alert")).to_have_text("Paste the token here.")
        page.get_by_label("Token", exact=True).fill("not-the-token-of-this-server")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_contain_text("The server does not know this token.")
        visit.look("token-wrong", sizes=(PHONE,))
        page.get_by_label("Token", exact=True).fill(f"  {TOKEN} ")
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        page.reload()
        expect(page.get_by_role("heading", name="Library")).to_be_visible()
        expect(dialog).to_be_hidden()


def test_a_token_can_be_changed_and_forgotten(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        dialog = page.get_by_role("dialog", name="Sign-in")
        page.get_by_role("button", name="Sign-in").click()
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_label("Token", exact=True).fill(TOKEN)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="Sign-in").click()
        dialog.get_by_role("button", name="Sign out").click()
        expect(dialog.get_by_role("button", name="Sign out")).to_be_hidden()
        page.reload()
        expect(dialog).to_be_visible()
        assert TOKEN not in json.dumps(page.context.storage_state())


def test_a_token_that_the_server_takes_no_more_is_asked_for_anew(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        visit.expected = {401}
        page.context.clear_cookies()
        page.evaluate("localStorage.setItem('songwright.token', 'rotated-away-0123456789')")
        page.reload()
        dialog = page.get_by_role("dialog", name="Sign-in")
        expect(dialog).to_contain_text("does not take this token any more")
        page.get_by_label("Token", exact=True).fill(TOKEN)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        # In the middle of it all: nothing that was typed is lost.
        page.get_by_label("Your song").fill("a song for later")
        page.context.clear_cookies()
        press_make(page)
        expect(dialog).to_contain_text("You are signed out.")
        page.get_by_label("Token", exact=True).fill(TOKEN)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        expect(page.locator("#form-error")).to_be_hidden()
        expect(page.get_by_label("Your song")).to_have_value("a song for later")


def test_a_sentence_becomes_a_song_that_can_be_seen_heard_and_kept(
    visiting: Visiting, tmp_path: Path
) -> None:
    with serving(tmp_path, **SKETCH) as server, visiting(server) as visit:
        page = visit.page
        expect(page.get_by_text("No songs yet.")).to_be_visible()
        visit.look("empty")
        describe(page, "a dreamy synthwave song with a female vocal about neon rain", seconds=15)
        page.evaluate(KEEP_STAGES)
        press_make(page)
        expect(page.get_by_role("heading", name="In the making")).to_be_visible()
        wait_for_song(page)
        stages = page.evaluate("window.seen")
        for part in ("lyrics", "music", "cover"):
            assert len(stages[part]) >= 2, stages
            assert stages[part][-1] == "done", stages
        expect(page.get_by_role("heading", name="In the making")).to_be_hidden()

        until(page, "document.querySelector('#song-cover').naturalWidth > 0")
        expect(page.locator("#time-all")).to_have_text("0:15")
        until(page, "Math.abs(document.querySelector('#audio').duration - 15) < 0.5")
        until(page, "document.querySelectorAll('#lyrics-box .line').length > 1")
        until(page, f"({PAINTED})() > 3000")
        page.get_by_role("button", name="Play", exact=True).click()
        sounding(page, after=0.3)
        page.get_by_role("button", name="Pause", exact=True).click()
        visit.look("song")

        page.get_by_text("Stems", exact=True).click()
        until(page, "document.querySelectorAll('#stems li').length >= 3")
        page.get_by_role("button", name="Mute Vocals").click()
        expect(page.get_by_role("button", name="Back to the whole song")).to_be_visible()
        visit.look("stems", sizes=(PHONE,))

        with page.expect_download() as download:
            page.get_by_role("link", name="Everything (ZIP)").click()
        package = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
        assert package.testzip() is None
        names = {Path(name).suffix for name in package.namelist()}
        assert {".wav", ".png", ".lrc", ".mid", ".json"} <= names, package.namelist()

        first, seed = open_id(page), fact(page, "Seed")
        page.get_by_role("button", name="Again with another seed").click()
        expect(page).not_to_have_url(re.compile(first))
        wait_for_song(page)
        assert fact(page, "Seed") != seed
        rows = page.locator("#library-list [data-id]")
        expect(rows).to_have_count(2)
        rows.nth(1).click()
        expect(page).to_have_url(re.compile(first))
        expect(page.locator("#library-list [aria-current]")).to_have_count(1)
        expect(page.locator("#facts")).to_contain_text(seed)
        visit.look("library", sizes=(PHONE,))


PAINTED = """() => {
  const canvas = document.querySelector("#waveform");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 3 && value).length;
}"""
KEEP_STAGES = """() => {
  window.seen = { lyrics: [], music: [], cover: [] };
  for (const part of Object.keys(window.seen)) {
    const label = document.getElementById(`part-${part}-stage`);
    new MutationObserver(() => window.seen[part].push(label.textContent)).observe(label, { childList: true });
  }
}"""


def make(page: Page, sentence: str = "a hummed song", seconds: int = 10) -> None:
    """Asks for a song and waits until it is done."""
    describe(page, sentence, seconds)
    press_make(page)
    wait_for_song(page)


def test_the_waveform_is_sought_by_key_click_and_drag_and_the_lyrics_follow(
    server: Server, visiting: Visiting
) -> None:
    with visiting(server) as visit:
        page = visit.page
        make(page, "a song to seek in", seconds=20)
        slider = page.get_by_role("slider", name="Position in the song")
        line = page.locator("#lyrics-box .line")
        expect(line).to_have_count(9)
        expect(slider).to_have_attribute("aria-valuemax", "20")
        slider.focus()
        for key, second in (("ArrowRight", 5), ("PageUp", 20), ("ArrowLeft", 15), ("Home", 0)):
            page.keyboard.press(key)
            expect(slider).to_have_attribute("aria-valuenow", str(second))
        expect(slider).to_have_attribute("aria-valuetext", "0 seconds of 20 seconds")
        box = slider.bounding_box()
        assert box
        slider.click(position={"x": box["width"] / 2, "y": 20})
        assert at_second(page) == pytest.approx(10, abs=0.2)
        expect(page.locator("#time-now")).to_have_text("0:10")
        expect(line.nth(4)).to_have_attribute("aria-current", "true")
        expect(page.locator("#lyrics-box [aria-current]")).to_have_count(1)
        slider.hover(position={"x": box["width"] / 2, "y": 20})
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 20, steps=5)
        page.mouse.up()
        assert at_second(page) == pytest.approx(16, abs=0.2)
        expect(line.nth(7)).to_have_attribute("aria-current", "true")
        slowly(page)
        line.nth(2).click()
        sounding(page, after=5.02)
        expect(line.nth(2)).to_have_attribute("aria-current", "true")
        expect(line.nth(2).locator(".now")).to_have_count(1)
        page.evaluate("document.querySelector('#audio').currentTime = 6.98")
        expect(line.nth(3)).to_have_attribute("aria-current", "true")
        slider.focus()
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_progress_is_shown_while_a_song_is_made_and_after_a_reload(
    server: Server, visiting: Visiting, held: Callable[[], None]
) -> None:
    with visiting(server) as visit:
        page = visit.page
        describe(page, "a song in the making")
        press_make(page)
        for _ in range(2):
            expect(page.locator("#part-lyrics-stage")).to_have_text("done")
            expect(page.locator("#part-music-stage")).to_have_text("humming")
            expect(page.locator("#part-music")).to_have_js_property("value", 0.5)
            expect(page.locator("#song-status")).to_have_text("Composing")
            expect(page.get_by_role("region", name="Lyrics")).to_contain_text("la la la")
            expect(page.locator("#library-list [data-id]").first).to_have_attribute(
                "data-status", "composing"
            )
            page.reload()
        expect(page.locator("#part-music-stage")).to_have_text("humming")
        visit.look("progress")
        held()
        wait_for_song(page)
        expect(page.locator("#library-list [data-id]").first).to_have_attribute("data-status", "done")


def test_a_song_is_cancelled_from_the_page(
    server: Server, visiting: Visiting, held: Callable[[], None]
) -> None:
    with visiting(server) as visit:
        page = visit.page
        describe(page, "a song nobody wants")
        press_make(page)
        expect(page.locator("#part-music-stage")).to_have_text("humming")
        page.get_by_role("button", name="Cancel", exact=True).click()
        expect(page.locator("#song")).to_have_attribute("data-status", "cancelled")
        expect(page.get_by_text("This song was cancelled before it was done.")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_hidden()
        expect(page.locator("#song-title")).to_be_focused()
        expect(page.locator("#library-list [data-id]").first).to_contain_text("Cancelled")
        visit.look("cancelled", sizes=(PHONE,))


def test_a_song_is_deleted_after_a_question(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        make(page, "a song to delete")
        song_id = open_id(page)
        page.get_by_role("button", name="Delete", exact=True).click()
        dialog = page.get_by_role("dialog", name="Delete this song?")
        expect(dialog).to_contain_text("a song to delete")
        visit.look("delete", sizes=(PHONE,))
        dialog.get_by_role("button", name="Keep it").click()
        expect(page.locator(f"#library-list [data-id='{song_id}']")).to_have_count(1)
        page.get_by_role("button", name="Delete", exact=True).click()
        dialog.get_by_role("button", name="Delete it").click()
        expect(page.get_by_text("Your song plays here.")).to_be_visible()
        expect(page.locator(f"#library-list [data-id='{song_id}']")).to_have_count(0)
        with server.client() as client:
            assert client.get(f"/songs/{song_id}").status_code == 404
        visit.expected = {404}
        page.goto(f"{server.url}/#song/{song_id}")
        expect(page.get_by_role("alert")).to_contain_text("This song does not exist any more.")


def test_own_lyrics_are_sung_as_they_are(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        page.get_by_label("Own lyrics").check()
        expect(page.get_by_label("Your song")).to_be_hidden()
        page.get_by_label("Style").fill("slow folk, male voice")
        page.get_by_role("textbox", name="Lyrics").fill("[verse]\nPaper boats on the morning tide")
        options(page)
        page.get_by_label("Duration, seconds").fill("10")
        visit.look("own-lyrics", sizes=(PHONE,))
        press_make(page)
        wait_for_song(page)
        with server.client() as client:
            brief = client.get(f"/songs/{open_id(page)}").json()["brief"]
        assert brief["lyrics"] == "[verse]\nPaper boats on the morning tide"
        assert brief["description"] == "slow folk, male voice"


def test_a_plan_is_read_and_changed_before_the_song_is_made(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        describe(page, "a planned song")
        page.get_by_role("button", name="Plan first").click()
        expect(page.get_by_role("heading", name="The plan")).to_be_focused()
        visit.look("plan", sizes=(PHONE,))
        page.get_by_label("Key", exact=True).fill("H major")
        visit.expected = {422}
        press_make(page)
        expect(page.locator("#plan-error")).to_contain_text("A key such as D minor")
        expect(page.get_by_label("Key", exact=True)).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Key", exact=True).fill("E minor")
        page.get_by_label("Title").fill("Another name")
        press_make(page)
        wait_for_song(page)
        expect(page.locator("#song-title")).to_have_text("Another name")
        with server.client() as client:
            plan = client.get(f"/songs/{open_id(page)}").json()["plan"]
        assert plan["key"] == "E minor"
        first = open_id(page)
        page.get_by_role("button", name="Again with another seed").click()
        expect(page).not_to_have_url(re.compile(first))
        wait_for_song(page)
        expect(page.locator("#song-title")).to_have_text("Another name")


def test_options_are_folded_away_and_kept_over_a_reload(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        expect(page.get_by_label("Duration, seconds")).to_be_hidden()
        describe(page, "a draft", seconds=30)
        page.get_by_label("Format").select_option("flac")
        page.get_by_text("Options").click()
        expect(page.get_by_label("Duration, seconds")).to_be_hidden()
        expect(page.locator("#options-summary")).to_have_text("0:30, flac")
        page.reload()
        expect(page.get_by_label("Your song")).to_have_value("a draft")
        expect(page.locator("#options-summary")).to_have_text("0:30, flac")


def test_a_bad_input_is_told_at_its_field(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        sentence = page.get_by_label("Your song")
        press_make(page)
        expect(page.locator("#full_described_song-error")).to_have_text("Say what the song should be.")
        expect(sentence).to_be_focused()
        describe(page, "a song", seconds=700)
        page.get_by_text("Options").click()
        press_make(page)
        expect(page.locator("#audio_duration-error")).to_be_visible()
        expect(page.get_by_label("Duration, seconds")).to_be_focused()
        expect(page.get_by_label("Duration, seconds")).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Duration, seconds").fill("10")
        sentence.fill("so long " * 300)
        visit.expected = {422}
        press_make(page)
        expect(page.locator("#full_described_song-error")).to_have_text("Send at most 2000 characters.")
        expect(page.locator("#audio_duration-error")).to_be_hidden()
        expect(sentence).to_be_focused()
        visit.look("error", sizes=(PHONE,))


def test_a_lost_connection_is_told_and_taken_up_again(
    server: Server, visiting: Visiting, held: Callable[[], None]
) -> None:
    with visiting(server) as visit:
        page = visit.page
        describe(page, "a song on a train")
        press_make(page)
        expect(page.locator("#part-music-stage")).to_have_text("humming")
        visit.offline = True
        page.context.set_offline(True)
        expect(page.get_by_text("Connection lost")).to_be_visible()
        expect(page.locator("#connection-line")).to_be_visible()
        visit.look("offline", sizes=(PHONE,))
        held()
        page.context.set_offline(False)
        wait_for_song(page)
        expect(page.get_by_text("Connection lost")).to_be_hidden()


def test_a_server_that_is_killed_and_started_again_finishes_the_song_on_the_page(
    visiting: Visiting, tmp_path: Path
) -> None:
    hold = tmp_path / HOLD
    hold.touch()
    with serving(tmp_path, **HELD) as server, visiting(server) as visit:
        page = visit.page
        describe(page, "a song through a crash")
        press_make(page)
        expect(page.locator("#part-music-stage")).to_have_text("humming")
        visit.offline = True
        server.kill()
        expect(page.locator("#connection-line")).to_contain_text("goes on when the server does")
        expect(page.get_by_text("You may close this page")).to_be_hidden()
        press_make(page)
        expect(page.locator("#form-error")).to_contain_text("The server cannot be reached.")
        server.port = server.url.rpartition(":")[2]
        hold.unlink()
        server.start(ready=True)
        wait_for_song(page)
        expect(page.get_by_text("Connection lost")).to_be_hidden()
        expect(page.locator("#library-list [data-id]").first).to_have_attribute("data-status", "done")


def test_the_journey_fits_a_phone_and_a_thumb(server: Server, visiting: Visiting) -> None:
    with visiting(server, size=PHONE, has_touch=True, is_mobile=True, color_scheme="dark") as visit:
        page = visit.page
        page.get_by_label("Your song").tap()
        page.keyboard.type("a song on a phone")
        page.get_by_text("Options").tap()
        page.get_by_label("Duration, seconds").fill("20")
        page.get_by_role("button", name="Make the song").tap()
        wait_for_song(page)
        expect(page.locator("#song-title")).to_be_in_viewport()
        page.get_by_role("button", name="Play", exact=True).tap()
        sounding(page, after=0.2)
        slider = page.get_by_role("slider", name="Position in the song")
        box = slider.bounding_box()
        assert box
        slider.tap(position={"x": box["width"] * 0.75, "y": 20})
        sounding(page, after=14.5)
        page.get_by_text("Stems", exact=True).tap()
        expect(page.get_by_role("link", name="Download the stem")).to_have_count(2)
        with page.expect_download():
            page.get_by_role("link", name="Everything (ZIP)").tap()
        song_id = open_id(page)
        page.get_by_role("button", name="Library", exact=True).tap()
        page.locator(f"#library-list [data-id='{song_id}'] a").tap()
        expect(page.locator("#song-title")).to_be_in_viewport()


def test_variations_are_takes_to_choose_from(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        describe(page, "a song in two takes")
        page.get_by_label("Variations").select_option("2")
        press_make(page)
        wait_for_song(page)
        first = open_id(page)
        page.get_by_role("link", name="Take 2", exact=True).click()
        expect(page).not_to_have_url(re.compile(first))
        wait_for_song(page)
        expect(page.get_by_role("link", name="Take 2", exact=True)).to_have_attribute("aria-current", "page")
        visit.look("takes", sizes=(PHONE,))


def test_the_journey_needs_no_mouse(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        describe(page, "a song by keyboard", seconds=20)
        page.get_by_label("Your song").focus()
        page.keyboard.press("Control+Enter")
        wait_for_song(page)
        expect(page.locator("#song-title")).to_be_focused()
        tab_to(page, "#play-button")
        page.keyboard.press("Enter")
        sounding(page, after=0.1)
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        sounding(page, after=5.0)
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_song_that_fails_says_so_and_can_be_asked_for_again(server: Server, visiting: Visiting) -> None:
    with visiting(server) as visit:
        page = visit.page
        describe(page, "an unlucky song")
        page.get_by_label("Seed").fill("13")
        press_make(page)
        expect(page.locator("#song-failure")).to_contain_text("The song could not be made", timeout=MADE_MS)
        expect(page.locator("#library-list [data-id]").first).to_contain_text("Failed")
        expect(page.get_by_role("heading", name="In the making")).to_be_hidden()
        visit.look("failed", sizes=(PHONE,))
        page.get_by_role("button", name="Again with another seed").click()
        wait_for_song(page)
