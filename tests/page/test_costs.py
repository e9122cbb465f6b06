"""What the page says of a song's price."""

from playwright.sync_api import expect

from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song
from storage.local import LocalStore
from tests.orchestrator.songs import made_song
from tests.page.conftest import Visiting
from tests.service.server import Server


def kept(server: Server, number: int, gpu: str) -> Song:
    song = made_song(number, {"music": 20.0}, {"music": (20.0, gpu), "cover": (1.0, gpu)})
    return Library(LocalStore(server.home)).save(song)


def test_a_song_with_a_price_shows_it_and_one_made_here_does_not(server: Server, visiting: Visiting) -> None:
    priced, free = kept(server, 1, "L40S"), kept(server, 2, "")
    with visiting(server, f"/#song/{priced.id}") as visit:
        expect(visit.page.locator("#facts")).to_contain_text("Cost$0.0114")
    with visiting(server, f"/#song/{free.id}") as visit:
        expect(visit.page.locator("#facts")).to_contain_text("Seed2")
        expect(visit.page.locator("#facts")).not_to_contain_text("Cost")
