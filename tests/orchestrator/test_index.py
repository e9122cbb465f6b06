"""The index of a library, in a folder and in a bucket: it can be deleted at any time, and nothing is lost."""

import itertools
import json
import multiprocessing
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.errors import NotFound, Unavailable
from orchestrator.cli.commands import DONE
from orchestrator.estimates.costs import newest, summary
from orchestrator.jobs.resuming import interrupted
from orchestrator.songs.brief import Brief
from orchestrator.songs.index import bucket as bucket_module
from orchestrator.songs.index import folder as folder_module
from orchestrator.songs.index import keeper as keeper_module
from orchestrator.songs.index import segments
from orchestrator.songs.index.bucket import BucketIndex
from orchestrator.songs.index.catalogue import Catalogue
from orchestrator.songs.index.entry import Entry, deleted_entry, entry_in, entry_of, unreadable_entry
from orchestrator.songs.index.folder import FOLDER, FolderIndex
from orchestrator.songs.index.keeper import IndexKeeper
from orchestrator.songs.index.selection import Selection
from orchestrator.songs.index.table import IndexTable
from orchestrator.songs.library import Library, manifest_key
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Song, Status, new_songs
from orchestrator.songs.reading import Damaged
from storage.local import LocalStore
from tests.orchestrator.songs import made_song
from tests.orchestrator.test_cli import songwright
from tests.storage.s3 import S3, s3_server

NewLibrary = Callable[[], Library]
_numbers = itertools.count()


@pytest.fixture(scope="module")
def moto() -> Iterator[S3]:
    with s3_server() as server:
        yield server


class OtherStore:
    """A folder that a library takes for a bucket. Both keep the contract (``tests.storage.test_store``), and
    this one in a tenth of moto's time."""

    def __init__(self, root: Path) -> None:
        self._store = LocalStore(root)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class BucketLibraries:
    """Libraries of one bucket, each of a machine of its own."""

    def __init__(self, store: Callable[[], Any], folder: Path) -> None:
        self._store, self._folder = store, folder

    def new(self) -> Library:
        return Library(self._store(), self._folder / f"machine-{next(_numbers)}" / "songs.sqlite")


@pytest.fixture(params=["folder", "other store"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> NewLibrary:
    """Opens the same library as another process would: with files of its own, if it is in a bucket."""
    if request.param == "folder":
        return lambda: Library(LocalStore(tmp_path))
    return BucketLibraries(lambda: OtherStore(tmp_path / "bucket"), tmp_path).new


def song(number: int, **more: object) -> Song:
    """A finished song with the number in its prompt."""
    words = f"number{number} about rain"
    return made_song(number, {"music": 2.0}, {"music": (number + 1.0, "L4")}, description=words, **more)  # type: ignore[arg-type]


def filled(library: Library, count: int) -> list[Song]:
    """So many finished songs, newest first."""
    return [library.save(song(number)) for number in range(count)][::-1]


def pages(catalogue: Catalogue, most: int, text: str = "") -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    after = ""
    while some := catalogue.search(text, after, most) if text else catalogue.page(after, most):
        found += [one.id for one in some]
        after = some[-1].id
    return found


def delete_index(library: Library) -> None:
    if isinstance(library.store, LocalStore):
        shutil.rmtree(library.store.root / FOLDER)
    else:
        library.store.delete_below("index/")


def test_an_entry_is_the_same_after_it_was_written_as_a_line() -> None:
    done = entry_of(song(3))
    assert entry_in(done.line()) == done
    for entry in (deleted_entry(done.id), unreadable_entry(done.id, 17.5)):
        assert entry_in(entry.line()) == entry
    for line in ("", "{}", "[1]", '["x"]', json.dumps([done.id, "done", 1, 2])):
        with pytest.raises(ValueError, match=r"index|Expecting|unpack"):
            entry_in(line)


def test_pages_search_and_sums_are_the_same_with_and_without_an_index(opened: NewLibrary) -> None:
    library = opened()
    songs = filled(library, 30)
    waiting = library.save(new_songs(Brief(description="number99 about rain"))[0])
    ids = [waiting.id, *(one.id for one in songs)]
    for _ in range(2):
        fresh = opened()
        catalogue = Catalogue(fresh)
        assert pages(catalogue, 7) == ids
        catalogue.complete()
        assert pages(catalogue, 7) == pages(catalogue, 50) == ids
        assert pages(catalogue, 7, "rain") == ids
        assert pages(catalogue, 7, "Rain NUMBER7 ") == [songs[-8].id]
        assert pages(catalogue, 7, "numb") == ids
        assert pages(catalogue, 7, "snow") == pages(catalogue, 7, "!?") == []
        assert summary(catalogue.entries()) == summary(newest(fresh))
        since = songs[4].created_at
        assert summary(catalogue.entries(since=since)) == summary(newest(fresh, since=since))
        assert summary(catalogue.entries(last=3)) == summary(newest(fresh, last=3))
        assert [entry.id for entry in catalogue.ended(4)] == ids[1:5]
        assert catalogue.count(ids[9], 100) == 21
        assert catalogue.find(ids[3]) == catalogue.find(ids[3][:14]) == ids[3]
        assert catalogue.find("y") == "y"
        assert catalogue.find("latest") == waiting.id
        delete_index(fresh)


def test_a_song_is_found_by_its_prompt_from_the_start_and_gone_with_its_deletion(opened: NewLibrary) -> None:
    library, other = opened(), opened()
    here, there = Catalogue(library), Catalogue(other)
    here.complete()
    there.complete()
    new = library.save(new_songs(Brief(description="a waltz for an old clock"))[0])
    assert pages(here, 5) == pages(here, 5, "waltz clock") == [new.id]
    there.complete()
    assert pages(there, 5) == pages(there, 5, "waltz") == [new.id]
    library.save(new.changed(status=Status.FAILED))
    library.delete(new.id)
    assert pages(here, 5) == pages(here, 5, "waltz") == pages(there, 5, "waltz") == []
    there.complete()
    assert list(there.entries()) == list(here.entries()) == []
    assert other.index.table.count() == library.index.table.count() == 0


def test_a_song_that_is_accepted_or_made_can_be_searched_at_once(tmp_path: Path) -> None:
    """Whoever stores it, and by whichever write."""
    library, other = Library(LocalStore(tmp_path)), Library(LocalStore(tmp_path))
    first, second = (new_songs(Brief(description=f"number{n} about rain"))[0] for n in range(2))
    library.save_if(first, None)
    library.mark(second.id)  # its photo is stored before it
    library.save(second)
    assert library.index.table.unread(9) == []
    for catalogue in (Catalogue(library), Catalogue(other)):
        assert pages(catalogue, 5, "rain") == sorted((first.id, second.id))


def test_a_folder_without_songs_or_one_that_is_gone_is_not_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for made in (False, True):
        if made:
            home.mkdir()
        catalogue = Catalogue(Library(LocalStore(home)))
        catalogue.complete()
        assert catalogue.search("rain", "", 5) == catalogue.page("", 5) == catalogue.ended(5) == []
        assert home.exists() == made
        assert list(home.glob("*")) == []
    library = Library(LocalStore(home))
    filled(library, 2)
    home.rename(tmp_path / "away")
    catalogue = Catalogue(library)
    catalogue.complete()
    assert catalogue.search("rain", "", 5) == []
    assert isinstance(library.index, FolderIndex)
    assert not library.index.note(song(9))
    assert not home.exists()


def test_words_are_found_in_every_script(opened: NewLibrary) -> None:
    library = opened()
    texts = ("Café à Zürich", "雨の夜に歩く", "дождь в городе", 'quotes " and * (signs) AND NOT')
    songs = {text: library.save(song(number, about=text)) for number, text in enumerate(texts)}
    catalogue = Catalogue(library)
    catalogue.complete()
    for query, text in zip(("cafe zurich", "夜に", "ДОЖДЬ", '"quotes" NOT* (signs'), texts, strict=True):
        assert pages(catalogue, 5, query) == [songs[text].id], query


def test_an_old_library_without_index_works_and_gets_one(
    opened: NewLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    songs = filled(opened(), 5)
    delete_index(opened())
    catalogue = Catalogue(opened())
    assert pages(catalogue, 2) == [one.id for one in songs]
    if isinstance(opened().store, LocalStore):
        assert pages(Catalogue(opened()), 2) == [one.id for one in songs]
        monkeypatch.setattr(folder_module, "_FEW", 4)
    with pytest.raises(Unavailable, match="songwright index"):
        Catalogue(opened()).search("rain", "", 5)
    if isinstance(opened().store, LocalStore):
        monkeypatch.setattr(folder_module, "_FEW", 5)  # so few are read at once
        assert pages(Catalogue(opened()), 2, "rain") == [one.id for one in songs]
    catalogue.rebuild()
    assert pages(Catalogue(opened()), 2, "rain") == [one.id for one in songs]


def test_damaged_songs_stay_in_the_pages(opened: NewLibrary) -> None:
    library = opened()
    songs = filled(library, 3)
    library.store.put(manifest_key(songs[1].id), b"{", "application/json")
    Catalogue(library).rebuild()
    for catalogue in (Catalogue(library), Catalogue(opened())):
        catalogue.complete()
        shown = catalogue.page("", 10)
        assert [one.id for one in shown] == [one.id for one in songs]
        assert isinstance(shown[1], Damaged)
        assert [entry.id for entry in catalogue.entries()] == [songs[0].id, songs[2].id]


def test_unfinished_songs_without_a_mark_get_one_with_a_new_index(opened: NewLibrary) -> None:
    library = opened()
    new = library.save(new_songs(Brief(description="x"))[0])
    library.store.delete(f"open/{new.id}")
    found = [one.id for one in interrupted(opened())]
    assert found == ([new.id] if isinstance(library.store, LocalStore) else [])
    Catalogue(opened()).rebuild()
    assert opened().open_ids() == [new.id]
    assert [one.id for one in interrupted(opened())] == [new.id]


class Ended(BaseException):
    """As if the process was killed there."""


@pytest.mark.parametrize("deleted", [False, True], ids=["settled", "deleted"])
def test_a_process_that_is_killed_at_any_write_loses_no_song_and_doubles_none(
    opened: NewLibrary, monkeypatch: pytest.MonkeyPatch, *, deleted: bool
) -> None:
    """Each write of a song's end, or of its deletion, is once the last."""
    for last in itertools.count():
        library = opened()
        Catalogue(library).complete()
        old, new = song(2 * last), new_songs(Brief(description=f"killed{last} about rain"))[0]
        library.save(old)
        library.save(new)
        left = last

        def write(real: Callable[..., object]) -> Callable[..., object]:
            def ending(*arguments: object, **more: object) -> object:
                nonlocal left
                left -= 1
                if left < 0:
                    raise Ended
                return real(*arguments, **more)

            return ending

        with monkeypatch.context() as patched:
            for name in ("put", "delete", "delete_below"):
                patched.setattr(library.store, name, write(getattr(library.store, name)))
            patched.setattr(library.index.table, "put", write(library.index.table.put))
            with suppress(Ended):
                library.delete(old.id) if deleted else library.save(new.changed(status=Status.DONE))
        fresh = opened()
        catalogue = Catalogue(fresh)
        truth = [one.id for one in fresh.songs()]
        assert pages(catalogue, 2) == truth
        list(fresh.unsettled())
        assert old.id not in fresh.open_ids()
        catalogue.complete()
        assert pages(catalogue, 2) == [one.id for one in fresh.songs()]
        assert pages(catalogue, 2, "rain") == [one.id for one in fresh.songs()]
        assert summary(catalogue.entries()) == summary(newest(fresh))
        if left >= 0:
            break
    assert last >= 2


def _save_some(home: str, first: int) -> None:
    library = Library(LocalStore(Path(home)))
    for number in range(first, first + 25):
        library.save(song(number))


def test_processes_that_write_at_once_and_one_that_deletes_the_index_lose_nothing(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_save_some, args=(str(tmp_path), 100 * n)) for n in range(3)]
    for writer in writers:
        writer.start()
    library = Library(LocalStore(tmp_path))
    catalogue = Catalogue(library)
    while any(writer.is_alive() for writer in writers):
        catalogue.page("", 5)
        library.index.table.remove()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    catalogue.complete()
    truth = [one.id for one in library.songs()]
    assert len(truth) == 75
    assert pages(catalogue, 10) == pages(catalogue, 10, "rain") == truth


def test_songs_that_came_and_went_without_the_index_are_noticed(tmp_path: Path) -> None:
    library = Library(LocalStore(tmp_path))
    songs = filled(library, 4)
    catalogue = Catalogue(library)
    catalogue.complete()
    shutil.move(tmp_path / "songs" / songs[1].id, tmp_path / "backup")
    assert pages(catalogue, 9) == [songs[0].id, songs[2].id, songs[3].id]
    shutil.move(tmp_path / "backup", tmp_path / "songs" / songs[1].id)
    assert pages(catalogue, 9) == [one.id for one in songs]
    catalogue.complete()
    assert pages(catalogue, 9, "rain") == [one.id for one in songs]
    library.delete(songs[2].id)
    copy = tmp_path / "songs" / songs[2].id
    copy.mkdir()
    (copy / "song.json").write_text(songs[2].model_dump_json())
    assert pages(catalogue, 9) == [one.id for one in songs]


def test_a_large_folder_is_looked_through_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "_SMALL", 2)
    songs = filled(Library(LocalStore(tmp_path)), 4)
    shutil.rmtree(tmp_path / FOLDER)
    library = Library(LocalStore(tmp_path))
    catalogue = Catalogue(library)
    looked = threading.Event()
    usual = library.index.look  # type: ignore[union-attr]
    monkeypatch.setattr(library.index, "look", lambda: (usual(), looked.set()))
    assert pages(catalogue, 2) == [one.id for one in songs]
    assert looked.wait(10)
    assert pages(catalogue, 2) == [one.id for one in songs]
    assert isinstance(library.index, FolderIndex)
    assert library.index.table.count() == 4


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"\xff" * 5000, b""])
def test_a_damaged_file_is_made_again(tmp_path: Path, content: bytes) -> None:
    library = Library(LocalStore(tmp_path))
    songs = filled(library, 3)
    library.index.close()  # type: ignore[union-attr]
    (tmp_path / FOLDER / "songs.sqlite").write_bytes(content)
    for _ in range(2):
        library = Library(LocalStore(tmp_path))
        assert pages(Catalogue(library), 2) == [one.id for one in songs]
    Catalogue(library).complete()
    assert pages(Catalogue(library), 2, "rain") == [one.id for one in songs]


def test_without_a_place_for_the_index_songs_are_kept_and_listed(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("no folder")
    library = Library(LocalStore(tmp_path))
    songs = filled(library, 3)
    catalogue = Catalogue(library)
    assert pages(catalogue, 2) == [one.id for one in songs]
    assert library.open_ids() == [one.id for one in songs]  # until the index has them
    with pytest.raises(Unavailable):
        catalogue.complete()
    (tmp_path / FOLDER).unlink()
    assert list(library.unsettled()) == []
    assert library.open_ids() == []
    catalogue.complete()
    assert pages(catalogue, 2, "rain") == [one.id for one in songs]


def test_an_index_of_another_version_is_made_again(tmp_path: Path) -> None:
    songs = filled(Library(LocalStore(tmp_path)), 3)
    with sqlite3.connect(tmp_path / FOLDER / "songs.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    catalogue = Catalogue(Library(LocalStore(tmp_path)))
    catalogue.complete()
    assert pages(catalogue, 2, "rain") == [one.id for one in songs]


@pytest.fixture
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens after thousands of songs happens after tens."""
    monkeypatch.setattr(bucket_module, "_FLUSH", 4)
    monkeypatch.setattr(segments, "MOST_LINES", 20)
    monkeypatch.setattr(segments, "_SMALL", 15)
    monkeypatch.setattr(segments, "_MOST_SMALL", 3)


@pytest.fixture
def libraries(tmp_path: Path, _small_segments: None) -> BucketLibraries:
    return BucketLibraries(lambda: OtherStore(tmp_path / "bucket"), tmp_path)


@pytest.fixture
def s3_libraries(moto: S3, tmp_path: Path, _small_segments: None) -> BucketLibraries:
    name = moto.new_bucket()
    return BucketLibraries(lambda: moto.store(name), tmp_path)


def synced(library: Library) -> BucketIndex:
    assert isinstance(library.index, BucketIndex)
    assert library.index.sync()
    return library.index


def test_changes_become_segments_and_small_segments_large_ones(libraries: BucketLibraries) -> None:
    writer = libraries.new()
    Catalogue(writer).complete()
    songs: list[Song] = []
    for number in range(60):
        songs.insert(0, writer.save(song(number)))
        if number % 10 == 9:
            writer.delete(songs.pop(3).id)
        synced(writer)
    store = writer.store
    head, _ = segments.read_head(store)
    assert head
    assert len(list(store.list(segments.CHANGES))) < 4
    kept = {segment.key for segment in head.segments} | set(head.replaced)
    assert set(store.list("index/segments/")) == kept
    assert len(head.segments) < 12
    reader = libraries.new()
    for catalogue in (Catalogue(writer), Catalogue(reader)):
        catalogue.complete()
        assert pages(catalogue, 7) == pages(catalogue, 7, "rain") == [one.id for one in songs]
    assert reader.index.table.count() == len(songs)


def test_the_sums_of_a_month_copy_no_older_segments(
    libraries: BucketLibraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = libraries.new()
    Catalogue(writer).complete()
    songs: list[Song] = []
    for first in (0, 6, 12):
        songs[:0] = [writer.save(song(number)) for number in range(first, first + 6)][::-1]
        synced(writer)
    head, _ = segments.read_head(writer.store)
    assert head
    assert len(head.segments) == 3
    since = songs[3].created_at
    reader = libraries.new()
    copied: list[str] = []
    usual = segments.read_segment
    monkeypatch.setattr(
        segments, "read_segment", lambda store, key: (copied.append(key), usual(store, key))[1]
    )
    catalogue = Catalogue(reader)
    catalogue.complete(since=since)
    assert copied == [head.segments[-1].key]
    assert summary(catalogue.entries(since=since)) == summary(newest(writer, since=since))
    assert [entry.id for entry in catalogue.entries(since=since)] == [one.id for one in songs[:4]]
    catalogue.complete()
    assert copied == [segment.key for segment in (head.segments[-1], *head.segments[:-1])]
    assert pages(catalogue, 7, "rain") == [one.id for one in songs]


def test_who_searches_does_not_wait_for_a_large_copy(
    libraries: BucketLibraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = libraries.new()
    Catalogue(writer).complete()
    songs = filled(writer, 6)
    synced(writer)
    reader = libraries.new()
    monkeypatch.setattr(bucket_module, "_PATIENCE_S", 0.05)
    going = threading.Event()
    usual = segments.read_segment
    monkeypatch.setattr(segments, "read_segment", lambda *given: (going.wait(10), usual(*given))[1])
    catalogue = Catalogue(reader)
    for _ in range(2):
        with pytest.raises(Unavailable, match="being built or copied"):
            catalogue.search("rain", "", 9)
    assert pages(catalogue, 9) == [one.id for one in songs]
    assert catalogue.is_built()
    going.set()
    catalogue.complete()
    assert pages(catalogue, 9, "rain") == [one.id for one in songs]


def test_a_container_builds_the_index_of_few_songs_alone(
    libraries: BucketLibraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    songs = filled(libraries.new(), 3)
    for few, is_built in ((2, False), (3, True)):
        monkeypatch.setattr(keeper_module, "_FEW", few)
        library = libraries.new()
        IndexKeeper(library, LibraryThreads(library), builds=False)._begin()
        assert Catalogue(library).is_built() == is_built
    assert pages(Catalogue(library), 9, "rain") == [one.id for one in songs]


def test_two_machines_that_write_segments_at_once_lose_nothing(s3_libraries: BucketLibraries) -> None:
    here, there = s3_libraries.new(), s3_libraries.new()
    Catalogue(here).complete()
    songs = []
    for number in range(0, 40, 8):
        songs += [here.save(song(number + n)) for n in range(4)]
        songs += [there.save(song(number + n)) for n in range(4, 8)]
        both = [threading.Thread(target=synced, args=(library,)) for library in (here, there)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    truth = [one.id for one in reversed(songs)]
    for library in (here, there, s3_libraries.new()):
        catalogue = Catalogue(library)
        catalogue.complete()
        assert pages(catalogue, 9, "rain") == truth
        assert [entry.id for entry in catalogue.entries()] == truth


def test_songs_that_end_while_the_index_is_built_are_in_it(libraries: BucketLibraries) -> None:
    writer, builder = libraries.new(), libraries.new()
    Catalogue(writer).complete()
    songs = filled(writer, 10)
    late: list[Song] = []

    def progress(read: int, _all: int) -> None:
        if read and not late:  # the manifests are read: others change some now, and write segments of them
            late.extend(writer.save(song(20 + n)) for n in range(5))
            writer.delete(songs[0].id)
            synced(writer)

    Catalogue(builder).rebuild(progress)
    assert len(late) == 5
    truth = [one.id for one in (*reversed(late), *songs[1:])]
    for library in (writer, builder, libraries.new()):
        catalogue = Catalogue(library)
        catalogue.complete()
        assert pages(catalogue, 9, "rain") == truth
        assert [entry.id for entry in catalogue.entries()] == truth


def test_a_build_that_is_stopped_leaves_the_index_as_it_was(libraries: BucketLibraries) -> None:
    library = libraries.new()
    Catalogue(library).complete()
    songs = filled(library, 6)
    synced(library)
    before = {key: library.store.version(key).data for key in library.store.list("index/")}

    def progress(read: int, _all: int) -> None:
        if read:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Catalogue(library).rebuild(progress)
    assert {key: library.store.version(key).data for key in library.store.list("index/")} == before
    assert pages(Catalogue(library), 9, "rain") == [one.id for one in songs]


def test_a_head_that_names_what_is_not_there_says_what_to_do(libraries: BucketLibraries) -> None:
    library = libraries.new()
    Catalogue(library).complete()
    songs = filled(library, 6)
    synced(library)
    library.store.delete_below("index/segments/")
    reader = libraries.new()
    with pytest.raises(Unavailable, match="songwright index"):
        Catalogue(reader).complete()
    assert pages(Catalogue(reader), 9) == [one.id for one in songs]
    Catalogue(reader).rebuild()
    assert pages(Catalogue(reader), 9, "rain") == [one.id for one in songs]


def test_a_head_that_is_damaged_or_of_another_version_is_built_again(libraries: BucketLibraries) -> None:
    library = libraries.new()
    songs = filled(library, 3)
    for content in (b"{", b'{"version": 2}', b'{"segments": [{"key": "songs/x/song.json", "lines": 1}]}'):
        library.store.put(segments.HEAD, content, "application/json")
        catalogue = Catalogue(libraries.new())
        assert not catalogue.is_whole()
        catalogue.complete()
        assert pages(catalogue, 9, "rain") == [one.id for one in songs]


def test_a_clock_that_goes_back_does_not_keep_an_old_state(opened: NewLibrary) -> None:
    library = opened()
    Catalogue(library).complete()
    failed = library.save(song(1).changed(status=Status.FAILED))
    past = failed.updated_at.replace(year=2020)
    library.save(failed.changed(status=Status.DONE).model_copy(update={"updated_at": past}))
    for one in (library, opened()):
        catalogue = Catalogue(one)
        catalogue.complete()
        assert [entry.state for entry in catalogue.entries()] == ["done"]


@pytest.mark.parametrize("year", [2, 1969, 9998])
def test_a_song_of_any_date_is_read_into_the_index(opened: NewLibrary, year: int) -> None:
    library = opened()
    date = datetime(year, 12, 30, 23, 59, tzinfo=UTC)
    dated = library.save(song(1).model_copy(update={"created_at": date, "updated_at": date}))
    delete_index(library)
    catalogue = Catalogue(opened())
    catalogue.complete()
    assert [(entry.id, entry.created_at) for entry in catalogue.entries()] == [(dated.id, date)]
    assert pages(catalogue, 7, "rain") == [dated.id]


def test_a_table_takes_the_later_of_two_entries_and_never_brings_a_song_back(tmp_path: Path) -> None:
    table = IndexTable(tmp_path / "songs.sqlite")
    old = entry_of(song(1))
    new = Entry(old.id, "failed", old.version + 1, datetime.now(UTC), title="later")
    table.put([new])
    table.put([old])
    assert [entry.state for entry in table.entries("", 9)] == ["failed"]
    table.put([deleted_entry(old.id)])
    table.put([old], sure=True)
    assert table.ids("", 9) == table.select(Selection(text="rain"), None, 9) == []


def test_the_command_builds_the_index_and_sums_are_read_from_it(tmp_path: Path) -> None:
    songs = filled(Library(LocalStore(tmp_path)), 5)
    before = songwright(tmp_path, "cost", "--json")
    shutil.rmtree(tmp_path / FOLDER)
    built = songwright(tmp_path, "index")
    assert (built.returncode, built.stdout) == (DONE, "Songs in the index: 5.\n")
    assert songwright(tmp_path, "cost", "--json").stdout == before.stdout
    listed = songwright(tmp_path, "list", "--limit", "2")
    assert songs[1].id in listed.stdout
    assert "... and 3 more" in listed.stdout


def test_in_a_folder_without_songs_nothing_is_found(tmp_path: Path) -> None:
    catalogue = Catalogue(Library(LocalStore(tmp_path)))
    assert catalogue.page("", 5) == []
    assert list(tmp_path.iterdir()) == []
    assert catalogue.search("rain", "", 5) == list(catalogue.entries()) == []


def test_a_missing_song_is_not_found(opened: NewLibrary) -> None:
    with pytest.raises(NotFound, match="songwright make"):
        Catalogue(opened()).find("latest")
