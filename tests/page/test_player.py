"""The player at the bottom of every view, the lyrics that follow, the stems that sound in its place."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import DESKTOP, PHONE, Visiting
from tests.page.test_page import MADE_MS, at_second, slowly, sounding, tab_to, until
from tests.service.server import TOKEN, Server

NAMES = ("First light", "Second wind", "Third time")
SECONDS = 30


@pytest.fixture(scope="module")
def songs(server: Server) -> list[str]:
    """The ids of a list of three songs, each made once for all tests here."""
    made = []
    with server.client() as client:
        for name in NAMES:
            body = {"full_described_song": name, "audio_duration": SECONDS, "seed": 3}
            made.append(
                str(client.post("/generate-from-description", json=body).raise_for_status().json()["id"])
            )
    return made


def of_module(page: Page, module: str, expression: str, argument: object = None) -> Any:
    """What an expression with the exports of one of the page's modules, ``it``, comes to."""
    return page.evaluate(
        f"async argument => {{ const it = await import('/page/{module}.js'); return {expression}; }}",
        argument,
    )


def play_list(page: Page, songs: list[str], first: int = 0) -> None:
    of_module(page, "player", "it.playSong(argument[0], { list: argument[1] })", [songs[first], songs])
    plays(page, songs[first])


def plays(page: Page, song_id: str, after: float = 0.0) -> None:
    until(page, "id => document.querySelector('#audio').src.includes(id)", song_id)
    sounding(page, after=after)


PAUSED = "document.querySelector('#audio').paused"


def at_its_beginning(page: Page) -> None:
    """Stops what plays where "previous" means the song before it, however long the press takes."""
    page.evaluate("document.querySelector('#audio').pause()")
    of_module(page, "player", "it.seek(0)")


def near_the_end(page: Page) -> None:
    page.evaluate(
        "document.querySelector('#audio').currentTime = document.querySelector('#audio').duration - 0.2"
    )


def state(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = of_module(page, "player", "it.playerState()")
    return found


def mix(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = of_module(page, "mixer", "it.mixState()")
    return found


def test_a_list_plays_on_and_a_song_that_is_opened_stops_no_other(
    server: Server, visiting: Visiting, songs: list[str]
) -> None:
    with visiting(server) as visit:
        page = visit.page
        title = page.locator("#bar-title")
        expect(page.locator("#bar")).to_be_hidden()
        play_list(page, songs)
        expect(title).to_have_text(NAMES[0])

        # Another song is opened, moved in and left: what sounds is not touched.
        page.goto(f"{server.url}/#song/{songs[1]}")
        expect(page.locator("#song-title")).to_have_text(NAMES[1])
        page.locator("#seek").press("ArrowRight")
        expect(page.locator("#time-now")).to_have_text("0:05")
        plays(page, songs[0], after=0.3)
        expect(page.locator("#play-button")).to_have_attribute("aria-label", "Play")
        # Its own button plays it in the bar, from where it was moved to.
        page.locator("#play-button").click()
        plays(page, songs[1], after=5.0)
        expect(title).to_have_text(NAMES[1])
        expect(page.locator("#play-button")).to_have_attribute("aria-label", "Pause")
        expect(page.locator("#bar-play")).to_have_attribute("aria-label", f"Pause {NAMES[1]}")

        page.get_by_role("button", name="Next song").click()
        plays(page, songs[2])
        expect(page.get_by_role("button", name="Next song")).to_be_disabled()
        at_its_beginning(page)
        page.get_by_role("button", name="Previous song").click()
        plays(page, songs[1])
        near_the_end(page)
        plays(page, songs[2])  # by itself

        near_the_end(page)
        until(page, "document.querySelector('#audio').ended")
        page.get_by_role("button", name="Repeat: off").click()
        expect(page.get_by_role("button", name="Next song")).to_be_enabled()
        page.locator("#bar-play").click()
        sounding(page)
        near_the_end(page)
        plays(page, songs[0])
        page.get_by_role("button", name="Repeat: all").click()
        near_the_end(page)
        until(page, "document.querySelector('#audio').currentTime < 5")
        plays(page, songs[0], after=0.1)
        page.get_by_role("button", name="Repeat: this song").click()
        page.locator("#bar-play").click()
        until(page, PAUSED)  # else the song may end while its queue is looked at

        page.get_by_role("button", name="Queue", exact=True).click()
        rows = page.locator("#queue-list li")
        expect(rows).to_have_text([re.compile(NAMES[1]), re.compile(NAMES[2])])
        visit.look("queue", whole=False)
        page.keyboard.press("Escape")
        expect(page.locator("#queue")).to_be_hidden()
        page.get_by_role("button", name="Queue", exact=True).press("Enter")
        page.get_by_role("button", name=f"Take {NAMES[1]} out of the queue").press("Enter")
        expect(rows).to_have_count(1)
        expect(rows.locator(".queue-remove")).to_be_focused()
        rows.get_by_role("button", name=NAMES[2], exact=True).click()
        plays(page, songs[2])
        page.keyboard.press("Escape")
        title.click()
        expect(page.locator("#song-title")).to_have_text(NAMES[2])
        # Its address is the page's own by now: it is brought into sight all the same.
        page.locator("#bar-play").focus()
        title.click()
        expect(page.locator("#song-title")).to_be_focused()


def test_a_song_played_from_its_view_goes_on_through_the_library_past_what_cannot_be_heard(
    server: Server, visiting: Visiting, songs: list[str]
) -> None:
    first, second, third = songs  # in the library the newest one stands first
    with visiting(server) as visit:
        page = visit.page
        visit.expected = {401, 404}
        assert of_module(page, "player", "it.playSong('ybqc2bewn1yqcy2').catch(({ sentence }) => sentence)")
        expect(page.locator("#bar")).to_be_hidden()
        page.locator(f"#library-list [data-id='{third}'] a").click()
        page.locator("#play-button").click()
        plays(page, third)
        expect(page.locator("#bar-next")).to_be_enabled()
        page.locator(".skip").press("Enter")
        expect(page.locator("#make-form")).to_be_focused()
        expect(page.locator("#song-title")).to_have_text(NAMES[2])

        page.route(f"**/{second}/audio*", lambda route: route.fulfill(status=404))
        near_the_end(page)
        plays(page, first)  # by itself, past one whose file is gone
        # One that is meant is not passed over; once its file is back it plays.
        of_module(page, "player", "it.playSong(argument)", second)
        expect(page.locator("#bar-note")).to_contain_text("The audio cannot be played.")
        expect(page.locator("#announcer")).to_contain_text("The audio cannot be played.")
        expect(page.locator("#bar-play")).to_have_attribute("aria-label", f"Play {NAMES[1]}")
        page.unroute(f"**/{second}/audio*")
        page.locator("#bar-play").click()
        plays(page, second)
        # Who presses twice means the song after the next one.
        play_list(page, songs)
        of_module(page, "player", "Promise.all([it.next(), it.next()])")
        plays(page, third)

        # The session is over: what plays goes on, and whoever wants another song signs in again.
        of_module(page, "player", "it.setLoop('one')")
        page.context.clear_cookies()
        of_module(page, "player", "it.playSong('ybqc2bewn1yqcy2')")
        dialog = page.get_by_role("dialog", name="Sign-in")
        expect(dialog).to_be_visible()
        plays(page, third)
        page.get_by_label("Token", exact=True).fill(TOKEN)
        dialog.get_by_role("button", name="Use this token").click()
        expect(dialog).to_be_hidden()
        of_module(page, "player", "it.playSong(argument)", second)
        plays(page, second)
        of_module(page, "player", "it.setLoop('off')")
        page.locator("#bar-play").click()
        until(page, PAUSED)
        # Another client deletes what comes next, and then what is in the player.
        page.get_by_role("button", name="Queue", exact=True).click()
        expect(page.locator("#queue-list li")).to_have_count(1)
        page.evaluate(DELETED, third)
        expect(page.locator("#queue-empty")).to_be_visible()
        expect(page.locator("#bar-next")).to_be_disabled()
        page.evaluate(DELETED, second)
        expect(page.locator("#bar")).to_be_hidden()


DELETED = """id => document.dispatchEvent(new CustomEvent("songwright:deleted", { detail: id }))"""


def test_keys_and_the_systems_controls_steer_it_and_it_remembers(
    server: Server, visiting: Visiting, songs: list[str]
) -> None:
    with visiting(server) as visit:
        page = visit.page
        play_list(page, songs, first=1)
        page.locator("body").press("Space")
        until(page, PAUSED)
        before = at_second(page)
        page.keyboard.press("ArrowRight")
        assert at_second(page) == pytest.approx(before + 5, abs=0.1)
        page.keyboard.press("ArrowLeft")
        assert at_second(page) == pytest.approx(before, abs=0.1)
        for key in ("m", "l", "Shift+ArrowDown"):
            page.keyboard.press(key)
        shown = state(page)
        assert shown | {"muted": False, "loop": "all", "volume": 0.9} == shown
        for _ in range(3):
            page.keyboard.down("m")  # held
        page.keyboard.up("m")
        assert state(page)["muted"]
        page.keyboard.press("Shift+ArrowRight")
        plays(page, songs[2])
        at_its_beginning(page)
        page.keyboard.press("Shift+ArrowLeft")
        plays(page, songs[1])
        page.locator("body").press("Space")
        until(page, PAUSED)  # else the next song may begin while this one is looked at
        # Where something is typed, the keys are letters.
        page.get_by_label("Your song").fill("")
        page.get_by_label("Your song").press_sequentially("lm ?")
        expect(page.get_by_label("Your song")).to_have_value("lm ?")
        assert state(page)["loop"] == "all"
        page.locator("#stage").press("?")
        keys = page.get_by_role("dialog", name="Keys of the player")
        expect(keys).to_be_visible()
        visit.look("keys", sizes=(PHONE,), whole=False)
        keys.get_by_label("Use these keys").uncheck()
        keys.get_by_role("button", name="Close").click()
        page.locator("#stage").press("l")
        assert state(page)["loop"] == "all"

        of_module(page, "player", "it.setLoop('one')")
        page.locator("#bar-play").click()
        plays(page, songs[1])
        page.locator("#bar-speed").select_option("1.5")
        assert page.evaluate("document.querySelector('#audio').playbackRate") == 1.5
        described = page.evaluate(
            "(({ title, artwork }) => ({ title, artwork: artwork.map(({ src }) => src) }))"
            "(navigator.mediaSession.metadata)"
        )
        assert described["title"] == NAMES[1]
        assert songs[1] in described["artwork"][0]
        until(page, "navigator.mediaSession.playbackState === 'playing'")

        page.locator("#bar-play").click()
        until(page, PAUSED)
        of_module(page, "player", "it.seek(7)")
        after = of_module(page, "queue", "it.upcoming()")
        page.reload()
        assert of_module(page, "queue", "it.upcoming()") == after
        expect(page.locator("#bar-title")).to_have_text(NAMES[1])
        expect(page.locator("#bar-now")).to_have_text("0:07")
        shown = state(page)
        assert shown | {"speed": 1.5, "volume": 0.9, "muted": True, "loop": "one"} == shown
        assert not page.evaluate("document.querySelector('#audio').getAttribute('src')"), (
            "read when it is played"
        )
        page.locator("#bar-play").click()
        plays(page, songs[1], after=7.0)
        assert page.evaluate("document.querySelector('#audio').playbackRate") == 1.5


def in_step(page: Page) -> None:
    """Waits until the stems sound with their song: on a busy machine it may take a correction or two."""
    until_s = time.monotonic() + 20.0
    while sorted(drifts := [abs(mix(page)["drift_ms"]) for _ in range(20)])[10] >= 20:
        assert time.monotonic() < until_s, drifts


def test_stems_sound_on_one_timeline_by_mute_solo_and_level(
    server: Server, visiting: Visiting, songs: list[str]
) -> None:
    with visiting(server, f"/#song/{songs[0]}") as visit:
        page = visit.page
        of_module(page, "player", "it.setLoop('one')")  # however long it takes
        page.get_by_text("Stems", exact=True).click()
        expect(page.locator("#stems li")).to_have_text([re.compile("Vocals"), re.compile("Bass")])
        page.get_by_role("button", name="Play the stems").click()
        expect(page.get_by_role("button", name="Back to the whole song")).to_be_visible()
        plays(page, songs[0])
        assert page.evaluate("document.querySelector('#audio').muted"), "the song is heard through its stems"
        whole = levels(page, lambda rms: in_proportion(rms, 3))

        page.get_by_role("button", name="Mute Vocals").click()
        levels(page, lambda rms: rms["vocals"] < 1e-4 < 0.005 < rms["bass"])
        page.get_by_role("button", name="Mute Vocals").click()
        page.get_by_role("button", name="Solo Vocals").click()
        levels(page, lambda rms: rms["bass"] < 1e-4 < 0.005 < rms["vocals"])
        page.get_by_role("button", name="Solo Vocals").click()
        page.get_by_label("Level of Vocals").fill("50")
        levels(page, lambda rms: in_proportion(rms, 1.5) and rms["vocals"] < 0.6 * whole["vocals"])
        visit.look("stems", whole=False)
        # Another song is looked at meanwhile.
        page.goto(f"{server.url}/#song/{songs[1]}")
        expect(page.get_by_label("Level of Vocals")).to_have_value("100")
        page.goto(f"{server.url}/#song/{songs[0]}")
        expect(page.get_by_label("Level of Vocals")).to_have_value("50")
        expect(page.get_by_text("Back to the whole song")).to_be_attached()
        page.get_by_text("Stems", exact=True).click()

        # With the song's own clock, also after a jump.
        page.locator("#seek").press("Home")
        page.locator("#seek").press("ArrowRight")
        sounding(page, after=5.0)
        in_step(page)
        page.locator("#bar-play").click()
        until(page, "import('/page/mixer.js').then(it => !it.mixState().running)")
        page.get_by_role("button", name="Back to the whole song").click()
        assert not page.evaluate("document.querySelector('#audio').muted")
        until(page, "import('/page/mixer.js').then(it => it.mixState().context === 'suspended')")


def in_proportion(rms: dict[str, float], vocals_to_bass: float) -> bool:
    """Whether both sound, and the vocals so many times as loud as the bass."""
    both = min(rms.values()) > 0.005
    return both and rms["vocals"] / rms["bass"] == pytest.approx(vocals_to_bass, rel=0.1)


def levels(page: Page, wanted: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """What each lane sounds like, once it is as ``wanted``."""
    rms: dict[str, float] = {}
    for _ in range(1000):
        rms = {lane["name"]: lane["rms"] for lane in mix(page)["lanes"]}
        if rms and wanted(rms):
            return rms
        page.wait_for_timeout(20)
    raise AssertionError(rms)


def test_stems_that_take_too_much_memory_are_offered_as_files(
    server: Server, visiting: Visiting, songs: list[str]
) -> None:
    with visiting(server, f"/#song/{songs[0]}") as visit:
        page = visit.page
        # Six stems of three minutes fit on a desk; of ten minutes they do not.
        budget = of_module(page, "mixer", "it.memoryBudget()")
        of_minutes = "it.memoryOf(6, argument * 60, 44100)"
        assert of_module(page, "mixer", of_minutes, 3) < budget < of_module(page, "mixer", of_minutes, 10)
        page.get_by_text("Stems", exact=True).click()
        # A phone of little memory.
        page.evaluate("Object.defineProperty(navigator, 'deviceMemory', { value: 4e-3 })")
        page.get_by_role("button", name="Solo Bass").click()
        expect(page.locator("#stems-note")).to_contain_text("Download them instead.")
        with page.expect_download():
            page.get_by_role("link", name="Download the stem: Bass").click()


def test_the_words_follow_and_a_word_is_gone_to_on_the_whole_screen_too(
    server: Server, visiting: Visiting, songs: list[str]
) -> None:
    with visiting(server, f"/#song/{songs[0]}") as visit:
        page = visit.page
        line = page.locator("#lyrics-box .line")
        expect(line).to_have_count(14)
        line.nth(2).locator("span").nth(2).click()
        plays(page, songs[0], after=6.0)
        page.locator("#play-button").click()
        of_module(page, "player", "it.seek(6.2)")
        expect(line.nth(2)).to_have_attribute("aria-current", "true")
        expect(line.nth(2).locator(".sung")).to_have_text(["hum", "a"])
        expect(line.nth(2).locator(".now")).to_have_text("line")
        expect(page.locator("#lyrics-box .past")).to_have_count(2)

        page.get_by_role("button", name="Lyrics on the whole screen").click()
        karaoke = page.get_by_role("dialog", name=NAMES[0])
        expect(karaoke.locator(".line[aria-current]")).to_have_text("hum a line")
        expect(karaoke.locator("[aria-current]")).to_have_count(1)
        visit.look("karaoke", whole=False)
        # Of all lines the keyboard comes to the one that is sung, and by the arrows to the others.
        tab_to(page, "#karaoke .line:nth-of-type(3)", most=4)
        page.keyboard.press("ArrowUp")
        expect(karaoke.locator(".line").nth(1)).to_be_focused()
        slowly(page)
        karaoke.locator(".line").nth(1).locator("span").nth(1).click()
        sounding(page, after=3.5)
        expect(karaoke.locator(".line").nth(1)).to_have_class(re.compile("now"))
        # Who scrolls in it is not scrolled away.
        page.evaluate("(now) => { Date.now = () => now; }", page.evaluate("Date.now()"))
        karaoke.locator("#karaoke-box").hover()
        unread = page.evaluate(AT_REST, "karaoke-box")
        page.mouse.wheel(0, 400)
        until(page, "top => document.querySelector('#karaoke-box').scrollTop > top", unread)
        before = page.evaluate(AT_REST, "karaoke-box")
        of_module(page, "player", "it.seek(1)")
        expect(karaoke.locator(".line").nth(0)).to_have_class(re.compile("now"))
        page.wait_for_timeout(400)
        assert page.evaluate(AT_REST, "karaoke-box") == before
        # A long title leaves room for the way out.
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate(
            "document.querySelector('#karaoke-title').textContent = 'Waiting for Saturday '.repeat(4)"
        )
        close = page.get_by_role("button", name="Close the lyrics").bounding_box()
        assert close
        assert close["x"] + close["width"] <= 390
        page.set_viewport_size({"width": 1280, "height": 900})
        page.keyboard.press("Escape")
        expect(karaoke).to_be_hidden()
        expect(page.get_by_role("button", name="Lyrics on the whole screen")).to_be_focused()
        of_module(page, "lyrics", "it.showLrc('[00:00.00] <00:00.00> שלום <00:01.00> עולם', () => {})")
        assert line.evaluate("one => getComputedStyle(one).direction") == "rtl"


# Where a box stands that was scrolled, once it moves no more.
AT_REST = """async (id) => {
  const box = document.getElementById(id);
  let before = -1, frames = 0;
  while (frames < 10) {
    await new Promise(requestAnimationFrame);
    frames = box.scrollTop === before ? frames + 1 : 0;
    before = box.scrollTop;
  }
  return before;
}"""


def test_the_bar_fits_a_phone_and_needs_no_mouse(
    server: Server, visiting: Visiting, songs: list[str]
) -> None:
    with visiting(server, size=PHONE, has_touch=True, is_mobile=True) as visit:
        page = visit.page
        of_module(page, "player", "it.setLoop('one')")  # however long it is looked at
        play_list(page, songs)
        visit.look("bar", sizes=(PHONE,), whole=False)
        more = page.get_by_role("button", name="More of the player")
        more.tap()
        page.get_by_role("button", name="Mute", exact=True).tap()
        visit.look("bar-open", sizes=(PHONE,), whole=False)
        # What is at the page's end can be scrolled clear of it.
        page.get_by_role("link", name="API reference").scroll_into_view_if_needed()
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        end = page.get_by_role("link", name="API reference").bounding_box()
        bar = page.locator("#bar").bounding_box()
        assert end
        assert bar
        assert end["y"] + end["height"] <= bar["y"]
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        page.locator("#bar-title").focus()
        tab_to(page, "#bar-next")
        page.keyboard.press("Enter")
        plays(page, songs[1])
        tab_to(page, "#bar-seek")
        page.keyboard.press("ArrowRight")
        sounding(page, after=5.0)
        tab_to(page, "#bar-volume")
        page.keyboard.press("End")
        assert not state(page)["muted"]


def test_the_progress_shows_the_stages_that_the_song_has(
    server: Server, visiting: Visiting, songs: list[str], held: Callable[[], None]
) -> None:
    with server.client() as client, visiting(server) as visit:
        plan = client.get(f"/songs/{songs[0]}").json()["plan"]
        body = {"full_described_song": NAMES[0], "audio_duration": SECONDS, "plan": plan}
        answer = client.post("/generate-from-description", json=body, headers={"Prefer": "respond-async"})
        page = visit.page
        page.goto(f"{server.url}/#song/{answer.raise_for_status().json()['id']}")
        expect(page.locator("#part-music-stage")).to_have_text("humming")
        shown = page.locator("#progress .parts li:visible > span:first-child")
        expect(shown).to_have_text(["Music", "Cover"])
        held()
        expect(page.locator("#song")).to_have_attribute("data-status", "done", timeout=MADE_MS)
