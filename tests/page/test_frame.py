"""The frame of the page: views on a phone, an address that leads nowhere, installing it, speed, language."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from orchestrator.server.api.app import PAGE
from tests.page.conftest import DESKTOP, PHONE, Visiting
from tests.page.test_costs import kept
from tests.service.server import Server

TABLET = (1000, 800)


def test_on_a_phone_a_link_to_a_song_shows_the_song_and_tabs_lead_on(
    server: Server, visiting: Visiting
) -> None:
    song = kept(server, 31, "")
    with visiting(server, f"/#song/{song.id}", size=PHONE, has_touch=True, is_mobile=True) as visit:
        page = visit.page
        tab = page.get_by_role("navigation", name="Views").get_by_role("button")
        expect(page.locator("#song-title")).to_be_in_viewport()
        expect(page.get_by_label("Your song")).to_be_hidden()
        expect(page.get_by_role("button", name="Song", exact=True)).to_have_attribute("aria-current", "page")
        page.get_by_role("button", name="Library", exact=True).tap()
        expect(page.locator("#song-title")).to_be_hidden()
        row = page.locator(f"#library-list [data-id='{song.id}'] a")
        expect(row).to_have_attribute("aria-current", "true")
        visit.look("phone-library", sizes=(PHONE, TABLET), whole=False)
        row.tap()
        expect(page.locator("#song-title")).to_be_in_viewport()
        page.get_by_role("button", name="Create", exact=True).tap()
        expect(page.get_by_label("Your song")).to_be_in_viewport()
        expect(page.get_by_role("button", name="Make the song")).to_be_in_viewport()
        visit.look("phone-create", sizes=(PHONE,), whole=False)
        assert tab.count() == 3
        for one in tab.all():
            box = one.bounding_box()
            assert box
            assert box["height"] >= 44


def test_an_address_that_leads_nowhere_says_so_in_plain_words_with_a_way_out(
    server: Server, visiting: Visiting
) -> None:
    refused = frozenset({404, 422})
    kept(server, 32, "")
    with visiting(server, "/#song/nonsense", size=PHONE, expected=refused) as visit:
        page = visit.page
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("There is no song at this address")
        expect(alert).not_to_contain_text("nonsense")
        visit.look("bad-address", sizes=(PHONE,))
        alert.get_by_role("button", name="Show the library").click()
        expect(page.get_by_role("heading", name="Library")).to_be_focused()
        expect(alert).to_be_hidden()
        page.evaluate("location.hash = '#song/000000000000000'")
        expect(alert).to_contain_text("This song does not exist any more.")
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        alert.get_by_role("button", name="Show the library").click()
        expect(alert).to_be_hidden()
        expect(page.get_by_text("Your song plays here.")).to_be_visible()
        # One that could not be reached is tried again by the same row.
        row = page.locator("#library-list [data-id] a").first
        address = f"**/songs/{row.get_attribute('href').rpartition('/')[2]}"  # type: ignore[union-attr]
        visit.offline = True
        page.route(address, lambda route: route.abort())
        row.click()
        expect(alert).to_contain_text("The server cannot be reached.")
        page.unroute(address)
        row.click()
        expect(page.locator("#song-title")).to_be_focused()
        expect(alert).to_be_hidden()


LARGEST = """() => new Promise((resolve) => {
  const seen = { largest: 0, element: "", shift: 0 };
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    seen.largest = entry.startTime;
    seen.element = entry.element?.id || entry.element?.tagName || entry.url;
  })).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    if (!entry.hadRecentInput) seen.shift += entry.value;
  })).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(seen), 600);
})"""


@pytest.mark.alone
def test_the_page_is_there_within_a_second_and_does_not_jump(server: Server, visiting: Visiting) -> None:
    for path, size in (("/", DESKTOP), ("/", PHONE), ("/docs#generate_from_description", DESKTOP)):
        with visiting(server, path, size=size) as visit:
            # The first visit warms the server; something else may have run on this machine in one of three.
            found: list[dict[str, Any]] = []
            while len(found) < 3 and not (found and found[-1]["largest"] < 1000):
                visit.page.reload()
                found.append(visit.page.evaluate(LARGEST))
            print(path, size, found)
            assert 0 < found[-1]["largest"] < 1000, found
            assert max(one["shift"] for one in found) < 0.1, found


def test_every_module_is_preloaded(server: Server) -> None:
    page = (PAGE / "index.html").read_text()
    listed = re.findall(r'rel="modulepreload" href="/page/([\w.]+)"', page)
    needed: set[str] = set()
    waiting = ["app.js"]
    while waiting:
        for name in re.findall(
            r'^import (?:[^;]*? from )?"/page/([\w.]+)";', (PAGE / waiting.pop()).read_text(), re.M
        ):
            if name not in needed:
                needed.add(name)
                waiting.append(name)
    assert sorted(listed) == sorted(needed)


def test_the_page_can_be_installed(server: Server, tmp_path: Path) -> None:
    page = httpx.get(server.url + "/").text
    address = re.search(r'rel="manifest" href="([^"]+)"', page)
    apple = re.search(r'rel="apple-touch-icon" href="([^"]+)"', page)
    assert address
    assert apple
    answer = httpx.get(server.url + address[1])
    assert answer.headers["content-type"].startswith("application/manifest+json")
    manifest = answer.json()
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/", "/", "standalone")
    icons = [(icon["src"], icon["sizes"], icon["type"]) for icon in manifest["icons"]]
    for source, sizes, kind in [*icons, (apple[1], "180x180", "image/png")]:
        icon = httpx.get(server.url + source)
        assert icon.headers["content-type"] == kind
        if kind == "image/png":
            (tmp_path / "icon").write_bytes(icon.content)
            with Image.open(tmp_path / "icon") as image:
                assert f"{image.width}x{image.height}" == sizes
    assert {"192x192", "512x512"} <= {sizes for _, sizes, _ in icons}
    assert any(icon.get("purpose") == "maskable" for icon in manifest["icons"])


def test_the_language_is_the_browsers_or_the_one_that_is_picked(server: Server, visiting: Visiting) -> None:
    with visiting(server, locale="de-AT") as visit:
        page = visit.page
        picker = page.locator("#language-picker")
        expect(picker).to_have_value("de")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        picker.select_option("fr")
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        page.reload()
        expect(picker).to_have_value("fr")
        # Where storage is refused, the address keeps it.
        page.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no') } })"
        )
        page.reload()
        expect(picker).to_have_value("de")
        picker.select_option("es")
        expect(page.locator("html")).to_have_attribute("lang", "es")
        picker.select_option("en")
        expect(page.locator("html")).to_have_attribute("lang", "en")
