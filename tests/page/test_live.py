"""Listening to a song in the making, in a browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.orchestrator.early import BUG, HOLD, BroadComposer
from tests.page.conftest import Visiting
from tests.page.test_page import (
    MADE_MS,
    describe,
    options,
    press_make,
    slowly,
    sounding,
    until,
    wait_for_song,
)
from tests.service.server import Server, holding, serving

EARLY = {"SONGWRIGHT_MUSIC__ENGINE": f"{BroadComposer.__module__}:{BroadComposer.__name__}"}
NOTE = "You can listen already."


@pytest.fixture(scope="module")
def early(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), **EARLY) as running:
        yield running


@pytest.fixture
def held(early: Server) -> Iterator[Callable[[], None]]:
    """Holds every song after its beginning of four seconds; call it to let them go."""
    with holding(early.home / HOLD) as let_go:
        yield let_go


def make(page: Page, seconds: int, seed: int = 1) -> None:
    describe(page, "a song to hear", seconds)
    options(page)
    page.get_by_label("Seed").fill(str(seed))
    press_make(page)


def source(page: Page) -> str:
    return str(page.evaluate("document.querySelector('#audio').src"))


def test_a_song_is_heard_while_it_is_made_and_goes_on_when_it_is_done(
    early: Server, visiting: Visiting, held: Callable[[], None]
) -> None:
    with visiting(early) as visit:
        page = visit.page
        make(page, seconds=14)
        play = page.get_by_role("button", name="Play", exact=True)
        expect(play).to_be_visible()
        expect(page.locator("#song")).to_have_attribute("data-status", re.compile("planning|composing"))
        expect(page.locator("#live-note")).to_contain_text(NOTE)
        expect(page.locator("#announcer")).to_have_text("You can listen to the beginning already.")
        expect(page.locator("#time-all")).to_have_text("0:14")
        assert page.evaluate("document.querySelector('#audio').paused"), "nobody is startled"
        expect(page.locator("#seek")).to_have_attribute("aria-disabled", "true")
        visit.look("live")
        play.click()
        sounding(page, after=0.5)
        live = source(page)
        assert "live.wav" in live
        slowly(page)  # four seconds are soon over
        page.locator("#seek").press("End")
        assert float(page.evaluate("document.querySelector('#audio').currentTime")) < 4.0

        held()
        wait_for_done(page)
        expect(page.locator("#live-note")).to_be_hidden()
        expect(page.locator("#seek")).not_to_have_attribute("aria-disabled", "true")
        # Past what was made first, by the same stream: no other source, no gap.
        page.evaluate(COUNT_WAITS)
        page.evaluate("document.querySelector('#audio').playbackRate = 1")
        sounding(page, after=6.0)
        assert source(page) == live
        # Who moves in it gets the file, at the place that was meant.
        page.locator("#seek").press("End")
        until(page, "document.querySelector('#audio').src.includes('audio.wav')")
        until(page, "document.querySelector('#audio').currentTime > 13")
        assert page.evaluate("window.waits") == 0


def wait_for_done(page: Page) -> None:
    expect(page.locator("#song")).to_have_attribute("data-status", "done", timeout=MADE_MS)


# Of this stream alone: the file that follows begins by waiting.
COUNT_WAITS = """(() => {
  window.waits = 0;
  const audio = document.querySelector('#audio');
  audio.addEventListener('waiting', () => {
    // Where what comes next is there, it is only the machine that is slow.
    const { buffered, currentTime, src } = audio;
    const ahead = buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0;
    window.waits += Number(src.includes('live.wav') && ahead < 0.5);
  });
})()"""


def test_who_did_not_press_play_gets_the_file_when_the_song_is_done(
    early: Server, visiting: Visiting, held: Callable[[], None]
) -> None:
    with visiting(early) as visit:
        page = visit.page
        make(page, seconds=10, seed=2)
        expect(page.locator("#live-note")).to_be_visible()
        held()
        wait_for_song(page)
        assert "audio.wav" in source(page)
        until(page, "Math.abs(document.querySelector('#audio').duration - 10) < 0.1")


def test_a_song_that_is_opened_again_while_it_is_made_can_be_heard(
    early: Server, visiting: Visiting, held: Callable[[], None]
) -> None:
    with visiting(early) as visit:
        page = visit.page
        make(page, seconds=10, seed=3)
        expect(page.locator("#live-note")).to_be_visible()
        page.reload()
        page.get_by_role("button", name="Play", exact=True).click()
        sounding(page, after=0.5)
        held()
        wait_for_done(page)
        until(
            page,
            "(audio => audio.ended || !audio.src.includes('live'))(document.querySelector('#audio'))",
        )
        page.get_by_role("button", name="Play", exact=True).click()
        sounding(page, after=0.2)
        assert "audio.wav" in source(page)


def test_a_song_that_fails_while_it_is_heard_falls_silent_and_says_why(
    early: Server, visiting: Visiting, held: Callable[[], None]
) -> None:
    with visiting(early) as visit:
        page = visit.page
        make(page, seconds=30, seed=BUG)
        page.get_by_role("button", name="Play", exact=True).click()
        sounding(page, after=0.3)
        visit.offline = True  # the stream breaks off, and the browser may say so
        held()
        expect(page.locator("#song-failure")).to_contain_text("a bug in the engine", timeout=MADE_MS)
        expect(page.locator("#player")).to_be_hidden()
        assert page.evaluate("document.querySelector('#audio').paused")


def test_a_song_that_is_left_goes_on_in_the_bar(
    early: Server, visiting: Visiting, held: Callable[[], None]
) -> None:
    with visiting(early) as visit:
        page = visit.page
        make(page, seconds=30, seed=4)
        page.get_by_role("button", name="Play", exact=True).click()
        sounding(page, after=0.3)
        slowly(page)
        page.locator("#home-link").click()
        expect(page.get_by_text("Your song plays here.")).to_be_visible()
        before = float(page.evaluate("document.querySelector('#audio').currentTime"))
        sounding(page, after=before + 0.05)
        expect(page.locator("#bar-note")).to_have_text("Still being made")
        expect(page.locator("#bar-seek")).to_be_disabled()
        held()


# Of the song's states the one in which it can first be heard: a slow browser may press Play later.
STATUS_WHEN_HEARD = """(() => {
  const player = document.querySelector("#player"), song = document.querySelector("#song");
  const look = () => { if (!player.hidden) window.whenHeard ??= song.dataset.status; };
  look();
  new MutationObserver(look).observe(player, { attributeFilter: ["hidden"] });
})()"""


def test_the_embedded_composer_is_heard_before_its_song_is_done(visiting: Visiting, tmp_path: Path) -> None:
    with serving(tmp_path, SONGWRIGHT_MUSIC__ENGINE="") as server, visiting(server) as visit:
        page = visit.page
        make(page, seconds=30)
        page.evaluate(STATUS_WHEN_HEARD)
        page.get_by_role("button", name="Play", exact=True).click(timeout=MADE_MS)
        assert page.evaluate("window.whenHeard") == "composing"
        sounding(page, after=0.5)
        wait_for_done(page)
        sounding(page, after=1.0)
