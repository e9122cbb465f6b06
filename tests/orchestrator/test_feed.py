import asyncio
from pathlib import Path

from config.errors import NotFound
from orchestrator.jobs.feed import Event, Feed, position_of
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status, new_songs
from storage.local import LocalStore


class Stage:
    """A feed over a library in a folder, and one song of it."""

    def __init__(self, folder: Path) -> None:
        self.library = Library(LocalStore(folder))
        self.song = self.library.save(new_songs(Brief(description="x"))[0])
        self.feed = Feed(self._load)
        self.feed.update(self.song)

    async def _load(self, song_id: str) -> Song:
        return self.library.load(song_id)

    def comes(self, status: Status) -> None:
        self.song = self.library.save(self.song.changed(status=status))
        self.feed.update(self.song)

    async def heard(self, after: str = "") -> list[Event]:
        return [event async for event in self.feed.follow(self.song.id, position_of(after)) if event]


def test_who_comes_back_with_any_id_misses_nothing_and_hears_nothing_twice(tmp_path: Path) -> None:
    async def run() -> None:
        stage = Stage(tmp_path)
        stage.comes(Status.PLANNING)
        stage.comes(Status.COMPOSING)
        for step in range(5):
            stage.feed.progress(stage.song.id, "music", "mixing", step / 5)
        stage.comes(Status.DONE)
        whole = await stage.heard()
        assert [event.kind for event in whole] == ["status"] * 3 + ["progress"] * 5 + ["status", "end"]
        for place, event in enumerate(whole):
            assert await stage.heard(event.id) == whole[place + 1 :]

    asyncio.run(run())


def test_ids_go_on_rising_after_a_restart(tmp_path: Path) -> None:
    async def run() -> None:
        stage = Stage(tmp_path)
        stage.comes(Status.PLANNING)
        stage.feed.progress(stage.song.id, "lyrics", "writing", 0.5)
        stage.feed.close()
        stage.feed = Feed(stage._load)  # another process
        stage.comes(Status.PLANNING)
        stage.comes(Status.DONE)
        later = await stage.heard("2.1")
        assert [event.id for event in later] == ["3.0", "4.0", "4.1"]

    asyncio.run(run())


def test_a_listener_hears_what_happens_while_it_listens(tmp_path: Path) -> None:
    async def run() -> None:
        stage = Stage(tmp_path)
        listening = asyncio.create_task(stage.heard())
        await asyncio.sleep(0.01)
        stage.comes(Status.PLANNING)
        await asyncio.sleep(0.01)
        stage.feed.progress(stage.song.id, "lyrics", "writing", 0.5)
        stage.comes(Status.FAILED)
        kinds = [event.kind for event in await asyncio.wait_for(listening, 5)]
        assert kinds == ["status", "status", "progress", "status", "end"]

    asyncio.run(run())


def test_steps_too_small_to_see_are_left_out_and_events_are_bounded(tmp_path: Path) -> None:
    async def run() -> None:
        stage = Stage(tmp_path)
        for step in range(1001):
            stage.feed.progress(stage.song.id, "music", "mixing", step / 1000)
        for number in range(1000):
            stage.feed.progress(stage.song.id, "music", f"stage {number}", 0.5)
        stage.comes(Status.DONE)
        heard = await stage.heard()
        assert len(heard) <= 602
        assert [event.kind for event in heard if event.kind != "progress"] == ["status", "status", "end"]

    asyncio.run(run())


def test_a_forgotten_song_lets_its_listeners_go(tmp_path: Path) -> None:
    async def run() -> None:
        stage = Stage(tmp_path)
        listening = asyncio.create_task(stage.heard())
        await asyncio.sleep(0.01)
        stage.library.delete(stage.song.id)
        stage.feed.forget(stage.song.id)
        assert [event.kind for event in await asyncio.wait_for(listening, 5)] == ["status"]
        try:
            await stage.heard()
        except NotFound:
            return
        raise AssertionError("a deleted song was followed")

    asyncio.run(run())


def test_the_progress_of_another_process_s_song_is_that_of_its_last_reading(tmp_path: Path) -> None:
    async def run() -> None:
        stage, parts = Stage(tmp_path), {"music": ("mixing", 0.5)}

        async def load_progress(_song_id: str) -> dict[str, tuple[str, float]]:
            return parts

        feed = Feed(stage._load, load_progress)
        assert feed.progress_of(stage.song.id) == {}
        await feed.song(stage.song.id)
        progress = feed.progress_of(stage.song.id)["music"]
        assert (progress.stage, progress.fraction) == ("mixing", 0.5)
        stage.comes(Status.DONE)
        await feed.song(stage.song.id)
        assert feed.progress_of(stage.song.id) == {}

    asyncio.run(run())


def test_an_id_that_is_none_is_the_beginning() -> None:
    assert position_of("3.17") == (3, 17)
    assert {
        position_of(text) for text in ("", "3", "3.", "a.b", "-1.2", "3.17\n", "٣.٣", "9" * 9 + ".1")
    } == {(0, -1)}


def test_all_who_follow_another_process_s_song_share_one_read_a_second(tmp_path: Path) -> None:
    async def run() -> None:
        library = Library(LocalStore(tmp_path))
        song = library.save(new_songs(Brief(description="x"))[0])
        reads = 0

        async def load(song_id: str) -> Song:
            nonlocal reads
            reads += 1
            return library.load(song_id)

        feed = Feed(load)

        async def followed() -> list[str]:
            return [event.kind async for event in feed.follow(song.id) if event]

        followers = [asyncio.ensure_future(followed()) for _ in range(50)]
        assert {one.id for one in await asyncio.gather(*(feed.stored(song.id) for _ in range(50)))} == {
            song.id
        }
        assert reads == 1
        library.save(song.changed(status=Status.CANCELLED))
        ends = await asyncio.gather(*followers)
        assert ends == [["status", "status", "end"]] * 50
        assert reads <= 4

    asyncio.run(run())
