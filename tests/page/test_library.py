"""The library: live, searched, filtered, played and changed from its rows; ten thousand songs to scroll."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from orchestrator.songs.library import Library
from storage.local import LocalStore
from tests.orchestrator.songs import made_song
from tests.page.conftest import DESKTOP, HELD, PHONE, Visiting, work_of
from tests.page.engines import HOLD
from tests.page.test_page import until
from tests.page.test_player import of_module
from tests.service.server import ONE_EACH, Server, holding, serving

MANY = 10_000
TITLES = ("Bread at Five", "Night Swim", "Paper Boats", "The Last Tram", "Whistling Robot")


def row(page: Page, song_id: str) -> Locator:
    return page.locator(f"#library-list [data-id='{song_id}']")


LISTS_READ = """async () => {
  let read = 0;
  const { fetch } = window, { take } = await import("/page/songs.js");
  window.fetch = (address, ...more) => {
    read += String(address).includes("/songs?");
    return fetch(address, ...more);
  };
  for (let n = 0; n < 16; n += 1) {
    const song = { id: "another", status: "composing", title: "Another", created_at: "2026-11-29T12:00:00Z" };
    take({ ...song, progress: { music: { fraction: n / 16 } } });
    await new Promise((done) => setTimeout(done, 120));
  }
  window.fetch = fetch;
  return read;
}"""


def ask(server: Server, sentence: str, seconds: int = 5) -> str:
    """Another client asks for a song."""
    body = {"full_described_song": sentence, "audio_duration": seconds}
    with server.client() as client:
        answer = client.post("/generate-from-description", json=body, headers={"Prefer": "respond-async"})
        made: str = answer.raise_for_status().json()["id"]
    return made


@pytest.fixture(scope="module")
def shelf(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a library of its own."""
    with serving(tmp_path_factory.mktemp("shelf"), **HELD, **ONE_EACH) as server:
        yield server


@pytest.fixture
def five(shelf: Server) -> Library:
    """The library of ``shelf`` with five songs, newest first in the order of ``TITLES``."""
    library = Library(LocalStore(shelf.home))
    for song_id in list(library.ids()):
        library.delete(song_id)
    for number, title in enumerate(reversed(TITLES)):
        song = made_song(number, {}, {}, duration_s=60.0 + number, description=f"a song about {title}")
        library.save(song.model_copy(update={"renamed": title, "favourite": title == "Night Swim"}))
    return library


def test_before_any_song_was_made_one_can_be_heard_and_its_words_begin_the_next(
    shelf: Server, visiting: Visiting
) -> None:
    with visiting(shelf) as visit:
        page = visit.page
        page.get_by_role("button", name="Play an example: The Neon Rain").click()
        expect(page.get_by_role("button", name="Stop the example")).to_be_visible()
        visit.look("library-empty", sizes=(DESKTOP,), whole=False)
        page.get_by_role("button", name="Stop the example").click()
        page.get_by_role("button", name="Begin with its words").click()
        expect(page.get_by_label("Your song")).to_have_value(
            "a dreamy synthwave song with a female vocal about neon rain"
        )
        expect(page.locator("#quote")).to_have_text("Time and price show after the first song.")


def test_what_other_clients_do_is_seen_at_once_and_a_song_is_stopped_in_its_row(
    shelf: Server, five: Library, visiting: Visiting
) -> None:
    with visiting(shelf) as visit, holding(shelf.home / HOLD) as let_go:
        page = visit.page
        expect(page.locator("#library-list bdi")).to_have_text(list(TITLES))
        page.get_by_role("link", name=TITLES[2]).focus()
        first, *_, last = [ask(shelf, f"song {number} of another client") for number in range(5)]
        expect(row(page, first).get_by_role("progressbar")).to_have_js_property("value", 0.65)
        expect(row(page, last)).to_contain_text("in the queue")
        # The focus stays with its song, and goes to the next one when that is deleted.
        expect(page.locator("#library-list a:focus bdi")).to_have_text(TITLES[2])
        boats = page.locator("#library-list [role=row]", has_text=TITLES[2]).get_attribute("data-id")
        with shelf.client() as client:
            client.delete(f"/songs/{boats}").raise_for_status()
        expect(page.locator("#library-list a:focus bdi")).to_have_text(TITLES[3])
        visit.look("library-live", sizes=(DESKTOP, PHONE), whole=False)
        row(page, last).get_by_role("button", name="Cancel song 4").click()
        expect(row(page, last)).to_contain_text("Cancelled")
        expect(row(page, last).get_by_role("link")).to_be_focused()
        let_go()
        expect(row(page, first)).to_contain_text("0:05")
        with shelf.client() as client:
            client.patch(f"/songs/{first}", json={"title": "Renamed elsewhere"}).raise_for_status()
            client.delete(f"/songs/{last}").raise_for_status()
        expect(row(page, first)).to_contain_text("Renamed elsewhere")
        expect(row(page, last)).to_have_count(0)
        of_module(page, "player", "it.setLoop('one')")  # five seconds are soon over
        row(page, first).get_by_role("button", name="Play Renamed elsewhere").click()
        expect(row(page, first).get_by_role("button", name="Pause")).to_be_visible()
        assert "#song/" not in page.url
        with shelf.client() as client:
            client.patch(f"/songs/{first}", json={"title": "Renamed again"}).raise_for_status()
        expect(page.locator("#bar-title")).to_have_text("Renamed again")
        row(page, first).get_by_role("button", name="Pause").click()
        row(page, first).get_by_role("button", name="More for").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name="Download").click()
        assert zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())).testzip() is None
        # The topmost row was another song's, and its cover is not seen beside the new one.
        page.route("**/cover.*", lambda route: None)  # answered once it is let go
        newest = ask(shelf, "one more")
        picture = row(page, newest).locator("img")
        expect(row(page, newest)).to_contain_text("0:05")
        expect(picture).to_be_hidden()
        page.unroute("**/cover.*")
        expect(picture).to_be_visible()
        assert newest in (picture.get_attribute("src") or "")


def test_the_library_is_searched_filtered_and_sorted(
    shelf: Server, five: Library, visiting: Visiting
) -> None:
    with visiting(shelf) as visit:
        page = visit.page
        expect(page.locator("#library-list bdi")).to_have_text(list(TITLES))
        page.keyboard.press("/")
        page.keyboard.type("boats")
        expect(page.locator("#library-list bdi")).to_have_text(["Paper Boats"])
        expect(page.locator("#library-count")).to_have_text("1 song")
        page.keyboard.type(" nothing")
        expect(page.get_by_text("No song fits.")).to_be_visible()
        page.locator("#none-clear").click()
        expect(page.locator("#library-count")).to_have_text("5 songs")
        page.get_by_role("button", name="Only favourites").click()
        expect(page.locator("#library-list bdi")).to_have_text(["Night Swim"])
        # What others change is in the list, or out of it, at once.
        with shelf.client() as client:
            ids = {song["title"]: song["id"] for song in client.get("/songs").json()["songs"]}
            client.patch(f"/songs/{ids['Paper Boats']}", json={"favourite": True}).raise_for_status()
            client.patch(f"/songs/{ids['Night Swim']}", json={"favourite": False}).raise_for_status()
        expect(page.locator("#library-list bdi")).to_have_text(["Paper Boats"])
        page.get_by_role("button", name="Only favourites").click()
        page.get_by_role("button", name="Filter and sort").click()
        page.get_by_label("Order").select_option("Last changed")
        expect(page.locator("#library-list bdi").first).to_have_text("Night Swim")
        with shelf.client() as client:
            client.patch(f"/songs/{ids['The Last Tram']}", json={"tags": ["rail"]}).raise_for_status()
        expect(page.locator("#library-list bdi").first).to_have_text("The Last Tram")
        page.get_by_label("Order").select_option("By length")
        page.get_by_label("State").select_option("Done")
        expect(page.locator("#library-count")).to_have_text("5 songs")
        page.get_by_label("Order").select_option("By title")
        expect(page.locator("#library-list bdi")).to_have_text(sorted(TITLES))
        page.get_by_label("State").select_option("Failed")
        expect(page.get_by_text("No song fits.")).to_be_visible()
        # How far a song outside of the list has come is no reason to read the list anew: once, for the song
        # itself, or twice, if the server has news of another.
        assert page.evaluate(LISTS_READ) in (1, 2)
        page.get_by_label("State").select_option("All")
        page.get_by_label("Singing").select_option("Instrumental")
        expect(page.get_by_text("No song fits.")).to_be_visible()
        visit.look("library-filters", sizes=(DESKTOP,), whole=False)
        page.get_by_role("button", name="Clear the filters").first.click()
        expect(page.locator("#library-list bdi")).to_have_text(list(TITLES))


def test_the_library_needs_no_mouse(shelf: Server, five: Library, visiting: Visiting) -> None:
    with visiting(shelf) as visit:
        page = visit.page
        expect(page.locator("#library-list bdi")).to_have_text(list(TITLES))
        page.get_by_role("button", name="Select several").focus()
        page.keyboard.press("Tab")
        for key, name in (("ArrowDown", TITLES[1]), ("End", TITLES[4]), ("Home", TITLES[0])):
            page.keyboard.press(key)
            expect(page.locator("#library-list a:focus bdi")).to_have_text(name)
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("button", name=f"Favourite: {TITLES[0]}")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Favourite: {TITLES[0]}")).to_have_attribute(
            "aria-pressed", "true"
        )
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
        visit.look("library-menu", sizes=(PHONE,), whole=False)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.get_by_role("textbox", name="Tags").fill("#kitchen, warm")
        page.keyboard.press("Enter")
        expect(page.locator("#library-list [role=row]").first).to_contain_text("#kitchen · #warm")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("F2")
        page.get_by_role("textbox", name="New name").fill("Bread at Six")
        page.keyboard.press("Enter")
        expect(page.locator("#library-list a:focus bdi")).to_have_text("Bread at Six")
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Shift+ArrowDown")
        expect(page.locator("#bulk-count")).to_have_text("3 selected")
        page.keyboard.press("Escape")
        expect(page.locator("#library-bulk")).to_be_hidden()
        page.keyboard.press("Enter")
        expect(page.locator("#song-title")).to_have_text(TITLES[2])


def test_several_songs_are_tagged_and_deleted_at_once(
    shelf: Server, five: Library, visiting: Visiting
) -> None:
    with visiting(shelf) as visit:
        page = visit.page
        rows = page.locator("#library-list [role=row]")
        expect(rows).to_have_count(5)
        page.get_by_role("button", name="Select several").click()
        # What a filter hides is no longer selected.
        rows.nth(0).get_by_role("checkbox").click()
        page.get_by_role("button", name="Only favourites").click()
        expect(rows).to_have_count(1)
        expect(page.locator("#bulk-count")).to_have_text("0 selected")
        page.get_by_role("button", name="Only favourites").click()
        expect(rows).to_have_count(5)
        rows.nth(1).get_by_role("checkbox").click()
        rows.nth(3).get_by_role("checkbox").click(modifiers=["Shift"])
        expect(page.locator("#bulk-count")).to_have_text("3 selected")
        visit.look("library-several", whole=False)
        page.get_by_role("button", name="Add a tag").click()
        page.get_by_role("textbox", name="Tags").fill("sea")
        page.get_by_role("button", name="Save").click()
        for place, tagged in ((0, False), (1, True), (2, True), (3, True), (4, False)):
            expect(rows.nth(place).get_by_text("#sea")).to_have_count(int(tagged))
        page.locator("#bulk-favourite").click()
        expect(page.locator("#library-list .star[aria-pressed=true]")).to_have_count(3)
        page.locator("#bulk-delete").click()
        dialog = page.get_by_role("dialog", name="Delete 3 songs?")
        visit.look("library-delete", sizes=(PHONE,), whole=False)
        dialog.get_by_role("button", name="Keep them").click()
        expect(rows).to_have_count(5)
        page.locator("#bulk-delete").click()
        dialog.get_by_role("button", name="Delete them").click()
        expect(rows).to_have_count(2)
        expect(page.locator("#library-heading")).to_be_focused()
        expect(page.locator("#library-count")).to_have_text("2 songs")
        assert len(list(five.ids())) == 2
        page.get_by_role("button", name="All shown").click()
        expect(page.locator("#bulk-count")).to_have_text("2 selected")


def answer_many(route: Route) -> None:
    """The list of ten thousand songs, as the server answers it."""
    query = parse_qs(urlparse(route.request.url).query)
    start = int(query.get("cursor", query.get("offset", ["0"]))[0])
    limit = int(query["limit"][0])
    page = [
        {
            "id": f"s{number:05d}",
            "status": "done",
            "title": f"Song number {number}",
            "description": "a song",
            "categories": ["folk", "warm"],
            "created_at": "2026-11-29T18:00:00Z",
            "duration_s": 90 + number % 120,
            "variation": 0,
            "urls": {"cover": "/page/ready/cover.webp"},
            "favourite": number % 5 == 1,
        }
        for number in range(start, min(MANY, start + limit))
    ]
    after = str(start + limit) if start + limit < MANY else None
    route.fulfill(
        content_type="application/json", body=json.dumps({"songs": page, "next_cursor": after, "total": MANY})
    )


SCROLL = """async () => {
  const view = document.getElementById("library-view");
  let most = 0;
  for (let step = 0; step < 120; step += 1) {
    await new Promise(requestAnimationFrame);
    view.scrollTop += 240;
    most = Math.max(most, document.querySelectorAll("#library-list [role=row]").length);
  }
  return most;
}"""
FRAME_S = 1 / 60


def test_ten_thousand_songs_scroll_smoothly(shelf: Server, visiting: Visiting) -> None:
    with visiting(shelf) as visit:
        page = visit.page
        page.route("**/songs?*", answer_many)
        page.reload()
        grid = page.get_by_role("grid", name="Library")
        expect(grid).to_have_attribute("aria-rowcount", str(MANY))
        expect(page.locator("#library-count")).to_have_text("10000 songs")
        shares = [
            of_module(page, "rows", "it.shareOf({ status: 'composing', ...argument })", song)
            for song in (
                {"progress": {"lyrics": {"fraction": 0.5}}},
                {"progress": {"music": {"fraction": 0.5}}},
                {"progress": {"separate": {"fraction": 0.5}}, "task": "stems"},
                {"progress": {"cover": {"fraction": 0.5}}, "task": "cover"},
            )
        ]
        assert shares == pytest.approx([0.1, 0.55, 0.55, 0.5])
        worked_s = work_of(page)
        assert page.evaluate(SCROLL) <= 40
        frame_s = worked_s() / 120
        print(f"scrolling took {1000 * frame_s:.1f} ms of work for each frame")
        assert 0 < frame_s < FRAME_S
        rows = page.locator("#library-list [role=row]")
        expect(rows.first).to_contain_text("Song number")
        order = rows.evaluate_all("(rows) => rows.map((row) => Number(row.ariaRowIndex))")
        assert order == sorted(order)
        page.get_by_role("button", name="Select several").focus()
        page.keyboard.press("Tab")
        pages: list[str] = []
        page.on("request", lambda request: pages.append(request.url) if "/songs?" in request.url else None)
        page.keyboard.press("End")
        expect(page.locator("#library-list a:focus bdi")).to_have_text(f"Song number {MANY - 1}")
        assert len(pages) <= 2, pages
        # A new song above moves neither the focus nor what is looked at.
        place = page.locator("#library-list a:focus").bounding_box()
        assert place
        of_module(
            page, "songs", "it.take({ ...it.songAt(0), id: 'new', created_at: '2026-11-30T18:00:00Z' })"
        )
        expect(page.locator("#library-count")).to_have_text("10001 songs")
        expect(page.locator("#library-list a:focus bdi")).to_have_text(f"Song number {MANY - 1}")
        until(page, STANDS_AT, [place["x"], place["y"]])
        of_module(page, "songs", "it.drop('new')")
        page.keyboard.press("Home")
        expect(page.locator("#library-list a:focus bdi")).to_have_text("Song number 0")
        visit.look("library-many", sizes=(DESKTOP,), whole=False)
        # However often songs change, the list is read to its end, and keeps what was said meanwhile.
        page.evaluate(SLOW)
        assert page.evaluate(BUSY) == "Said while it was read"


STANDS_AT = """([x, y]) => {
  const place = document.querySelector("#library-list a:focus").getBoundingClientRect();
  return Math.abs(place.x - x) < 1 && Math.abs(place.y - y) < 1;
}"""


# Songs that are not in the list tell of themselves all the time; reading the list takes longer.
BUSY = """async () => {
  const it = await import("/page/songs.js");
  const [known] = it.shownIds();
  it.take({ ...it.songOf(known), id: "old", title: "Of the old list", created_at: "2027-01-01T00:00:00Z" });
  it.want({ favourite: "true" });
  it.take({ ...it.songOf(known), title: "Said while it was read" });
  for (let number = 0; number < 500; number += 1) {
    it.take({ id: `busy${number}`, status: "composing", title: "", created_at: "2027-01-01T00:00:00Z" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    const first = document.querySelector("#library-list bdi").textContent;
    if (first !== "Of the old list") return first;
  }
  return "it was never read to its end";
}"""


SLOW = """() => {
  const fast = window.fetch;
  window.fetch = async (...request) => {
    const answer = await fast(...request);
    if (String(request[0]).includes("/songs?")) await new Promise((resolve) => setTimeout(resolve, 600));
    return answer;
  };
}"""
