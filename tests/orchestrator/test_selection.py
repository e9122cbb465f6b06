"""Songs that are looked for by their facts, sorted, and changed by their users: the index and the store."""

import itertools
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.errors import Conflict, InvalidRequest, Unavailable
from lyrics.contract import SongPlan
from orchestrator.songs.facts.labels import cleaned_labels, cleaned_metadata
from orchestrator.songs.index import segments
from orchestrator.songs.index.catalogue import Catalogue, Found
from orchestrator.songs.index.entry import Entry, entry_in, entry_of
from orchestrator.songs.index.folder import FOLDER
from orchestrator.songs.index.selection import Selection, Sort
from orchestrator.songs.library import Library, manifest_key
from orchestrator.songs.manifest import Owner, Song, Status, new_id, new_songs
from orchestrator.songs.ownership import edit_stored, this_process
from orchestrator.songs.reading import song_of
from storage.local import LocalStore
from tests.orchestrator.songs import made_song
from tests.orchestrator.test_index import OtherStore, delete_index

NewLibrary = Callable[[], Library]
SORTS: tuple[Sort, ...] = ("newest", "oldest", "title", "duration", "updated")
_numbers = itertools.count()


@pytest.fixture(params=["folder", "bucket"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> NewLibrary:
    """Opens the same library as another process, or another machine, would."""
    if request.param == "folder":
        return lambda: Library(LocalStore(tmp_path))
    store: Any = OtherStore(tmp_path / "bucket")
    return lambda: Library(store, tmp_path / f"machine-{next(_numbers)}" / "songs.sqlite")


def planned(number: int, title: str, genre: str = "pop", **more: Any) -> Song:
    song = made_song(number, {}, {}, duration_s=10.0 + number, description=f"number{number}")
    plan = SongPlan(
        title=title,
        tags=(),
        lyrics="",
        categories=(genre.title(), "A", "B"),
        genre=genre,
        mood="x",
        energy=5,
        tempo_bpm=100.0,
        key="C major",
        voice="female",
        cover_prompt="x",
    )
    return song.model_copy(update={"plan": plan, **more})


def every(catalogue: Catalogue, most: int = 2, **wanted: Any) -> list[str]:
    """The ids of all pages, each asked for by the cursor before."""
    selection, found = Selection(**wanted), []
    cursor: str | None = ""
    while cursor is not None:
        page = catalogue.select(selection, cursor, most)
        assert len(page.songs) <= most
        found += [song.id for song in page.songs]
        cursor = page.cursor
    assert page.total in (len(found), None)
    for offset in (1, 3, len(found)):  # where a list is entered in its middle, if there is an index
        with suppress(Unavailable):
            page = catalogue.select(selection, "", most, offset)
            assert [song.id for song in page.songs] == found[offset : offset + most]
            assert page.total == len(found)
    return found


def test_songs_are_found_by_each_fact_and_in_each_order(opened: NewLibrary) -> None:
    library = opened()
    Catalogue(library).complete()
    songs = [
        library.save(planned(0, "Éclair", favourite=True, tags=("Demo", "x"), metadata={"order": "17"})),
        library.save(planned(1, "banana", "rock", tags=("demo",), metadata={"order": "17", "n": "a:b"})),
        library.save(planned(2, "Apple", "rock", status=Status.FAILED, favourite=True)),
        library.save(planned(3, "x", plan=None, status=Status.QUEUED)),
    ]
    a, b, c, d = (song.id for song in songs)
    for one in (library, opened()):
        catalogue = Catalogue(one)
        catalogue.complete()
        assert every(catalogue) == [d, c, b, a]
        assert every(catalogue, sort="oldest") == [a, b, c, d]
        assert every(catalogue, sort="title") == [c, b, a, d]
        assert every(catalogue, sort="duration") == [d, c, b, a]
        assert every(catalogue, sort="updated") == [d, c, b, a]
        assert every(catalogue, favourite=True) == [c, a]
        assert every(catalogue, favourite=False) == [d, b]
        assert every(catalogue, tag=" DEMO ") == [b, a]
        assert every(catalogue, genre="ROCK") == [c, b]
        assert every(catalogue, genre="a", sort="title") == [c, b, a]
        assert every(catalogue, metadata=("order:17",)) == [b, a]
        assert every(catalogue, metadata=("order:17", "n:a:b")) == [b]
        assert every(catalogue, metadata=("order:1",)) == []
        assert every(catalogue, states=frozenset({"failed", "queued"})) == [d, c]
        assert every(catalogue, instrumental=False, states=frozenset({"done"})) == [b, a]
        assert every(catalogue, instrumental=True) == []
        assert every(catalogue, text="demo number1", sort="title") == [b]
        assert every(catalogue, text="number", favourite=True, sort="oldest") == [a, c]
        assert every(catalogue, text="!?") == []


def test_the_index_follows_a_song_that_is_made_and_one_that_is_changed(opened: NewLibrary) -> None:
    library = opened()
    Catalogue(library).complete()
    (song,) = new_songs(planned(0, "x").brief, metadata={"order": "17"})
    catalogue = Catalogue(library)
    for status in (Status.QUEUED, Status.PLANNING, Status.COMPOSING):
        song = library.save(song.changed(status=status))
        assert every(catalogue, states=frozenset({status.value}), metadata=("order:17",)) == [song.id]
    song = library.save(song.changed(status=Status.DONE))
    edit_stored(library, song.id, cleaned_labels({"title": "Gale", "favourite": True, "metadata": {}}))
    for one in (library, opened()):
        catalogue = Catalogue(one)
        catalogue.complete()
        assert every(catalogue, text="gale", favourite=True) == [song.id]
        assert every(catalogue, metadata=("order:17",)) == []
    damaged = library.save(planned(5, "x"))
    library.store.put(manifest_key(damaged.id), b"{", "application/json")
    delete_index(library)
    catalogue = Catalogue(opened())
    catalogue.complete()
    assert every(catalogue, states=frozenset({"unreadable"})) == [damaged.id]
    assert every(catalogue, favourite=False) == []
    assert set(every(catalogue, sort="title")) == {damaged.id, song.id}


def test_pages_stay_as_they_are_while_songs_come_and_go(opened: NewLibrary) -> None:
    library = opened()
    Catalogue(library).complete()
    songs = [library.save(planned(2 * n, f"title {n % 3}")) for n in range(9)]
    catalogue = Catalogue(library)
    for sort in SORTS:
        selection = Selection(sort=sort)
        before = every(catalogue, 9, sort=sort)
        page = catalogue.select(selection, "", 4)
        assert page.cursor
        added = library.save(planned(5, "title 1"))
        gone = page.songs[-1]  # the very song that the cursor stands on
        assert isinstance(gone, Song)
        library.delete(gone.id)
        rest = catalogue.select(selection, page.cursor, 20)
        assert [song.id for song in rest.songs if song.id != added.id] == before[4:]
        library.delete(added.id)
        library.save(gone.model_copy(update={"id": (spare := planned(2 * len(songs) + 30, "title 1")).id}))
        library.delete(spare.id)
    with pytest.raises(InvalidRequest, match="next_cursor"):
        catalogue.select(Selection(sort="title"), page.cursor, 4)


def test_a_page_begins_at_a_cursor_or_at_an_offset(tmp_path: Path) -> None:
    library = Library(LocalStore(tmp_path))
    song = library.save(planned(1, "x"))
    catalogue = Catalogue(library)
    catalogue.complete()
    assert catalogue.select(Selection(), "", 4, 1) == Found([], None, 1)
    with pytest.raises(InvalidRequest, match="offset: 1 - send it or a cursor"):
        catalogue.select(Selection(), song.id, 4, 1)


@pytest.mark.parametrize("cursor", ["~", "~abc", "~" + "W10" * 9, "~bnVsbA", "~" + "A" * 2000, "x" * 15])
def test_a_cursor_that_nobody_made_is_refused(tmp_path: Path, cursor: str) -> None:
    library = Library(LocalStore(tmp_path))
    library.save(planned(1, "x"))
    with pytest.raises(InvalidRequest, match="cursor"):
        Catalogue(library).select(Selection(sort="title"), cursor, 4)


def test_a_page_of_ten_thousand_songs_takes_milliseconds(tmp_path: Path) -> None:
    """Every order has an index of its own, of which a page reads its rows and no more; a filter that many
    songs meet costs a count."""
    store: Any = OtherStore(tmp_path / "bucket")
    song = planned(0, "title")
    text, entry, lines = song.model_dump_json(), entry_of(song), []
    for number in range(10_000):
        song_id = new_id(1_790_000_000.0 + number)
        lines.append(replace(entry, id=song_id, favourite=number % 10 == 0).line())
        if number > 9_900:  # the manifests of the pages below
            store.put(manifest_key(song_id), text.replace(song.id, song_id).encode(), "application/json")
    head = segments.Head(segments=tuple(segments.write_segments(store, lines)))
    assert segments.write_head(store, head, None)
    library = Library(store, tmp_path / "songs.sqlite")
    index, catalogue = library.index, Catalogue(library)
    catalogue.complete()
    assert catalogue.size() == 10_000
    deep = catalogue.select(Selection(sort="title"), "", 20).cursor or ""
    with sqlite3.connect(index.table.path) as db:
        for sort in SORTS:
            selection = Selection(sort=sort)
            rest, values = selection.query(selection.after(deep) if sort == "title" else None)
            query = f"EXPLAIN QUERY PLAN SELECT songs.id FROM songs{rest} ORDER BY {selection.order} LIMIT 20"
            plan = " ".join(row[3] for row in db.execute(query, values))
            assert "TEMP B-TREE" not in plan, (sort, plan)
    for wanted in (
        {},
        {"sort": "title"},
        {"text": "number0", "favourite": False},
        {"genre": "pop", "sort": "updated"},
    ):
        selection = Selection(**wanted)  # type: ignore[arg-type]
        catalogue.select(selection, "", 20)
        took_s = []
        for _ in range(5):
            began = time.process_time()
            found = catalogue.select(selection, deep if wanted == {"sort": "title"} else "", 20)
            took_s.append(time.process_time() - began)
        assert len(found.songs) == 20
        assert min(took_s) < 0.1, (wanted, took_s)


OLD_LINE = (
    '["{id}","done",1790000000.0,1790000000.0,"Old Song","number7 Pop",10.0,null,'
    '{"music":["hum","hum 1","cpu"]},{"music":1.5},{"music":[1.0,"L4",1.0,0.1,"2026-01-01"]}]'
)


def test_a_line_of_an_early_version_is_read_and_its_index_is_built_anew(tmp_path: Path) -> None:
    store: Any = OtherStore(tmp_path / "bucket")
    machines = (Library(store, tmp_path / f"{n}" / "songs.sqlite") for n in itertools.count())
    song = next(machines).save(planned(7, "Old Song", "rock"))
    line = OLD_LINE.replace("{id}", song.id)
    old = entry_in(line)
    assert (old.title, old.length_s, old.favourite, old.is_early) == ("Old Song", 10.0, False, True)
    assert entry_in(old.line()) == old
    assert json.loads(old.line()) == json.loads(line)
    store.delete_below("index/")
    written = segments.write_segments(store, [line])
    assert segments.write_head(store, segments.Head(segments=tuple(written)), None)

    reader = Catalogue(next(machines))
    assert every(reader, text="old") == every(reader, favourite=False) == [song.id]
    with pytest.raises(Unavailable, match="songwright index"):
        every(reader, genre="rock")
    Catalogue(next(machines)).complete()
    assert every(Catalogue(next(machines)), genre="rock") == [song.id]


def test_an_index_file_of_an_early_version_is_made_again(tmp_path: Path) -> None:
    library = Library(LocalStore(tmp_path))
    song = library.save(planned(7, "Old Song", "rock"))
    path = tmp_path / FOLDER / "songs.sqlite"
    library.index.table.close()
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE songs (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT, "
            "version REAL NOT NULL, line TEXT NOT NULL)"
        )
        db.execute("PRAGMA user_version = 1")
    db.close()
    assert every(Catalogue(Library(LocalStore(tmp_path))), genre="rock") == [song.id]


def test_changes_are_numbered_for_those_who_follow_them(opened: NewLibrary) -> None:
    library = opened()
    Catalogue(library).complete()
    song = library.save(planned(1, "x"))
    other = opened()
    Catalogue(other).complete()
    table = other.index.table
    mark, nothing = table.changes(None, 9)
    assert nothing == []
    changed = library.save(song.changed(favourite=True))
    gone = library.save(planned(2, "y"))
    library.delete(gone.id)
    Catalogue(other).complete()
    mark, changes = table.changes(mark, 9)
    assert dict(changes or ()) == {changed.id: "done", gone.id: "deleted"}
    assert table.changes(mark, 9)[1] == []
    for number in range(3):
        library.save(planned(number + 5, "z"))
    Catalogue(other).complete()
    assert table.changes(mark, 2)[1] is None
    table.clear()
    assert table.changes(mark, 9)[1] is None


def test_two_who_change_a_song_at_once_lose_nothing(opened: NewLibrary) -> None:
    song = opened().save(planned(1, "x"))
    libraries = [opened() for _ in range(3)]

    def change(number: int) -> None:
        for n in range(10):
            facts = ({"favourite": True}, {"tags": [f"t{n}"]}, {"metadata": {"n": str(n)}})[number]
            edit_stored(libraries[number], song.id, cleaned_labels(facts))

    threads = [threading.Thread(target=change, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = opened().load(song.id)
    assert (after.favourite, after.tags, after.metadata) == (True, ("t9",), {"n": "9"})
    assert after.model_copy(update={"updated_at": song.updated_at}).plan == song.plan


def test_a_song_that_another_process_makes_is_not_changed(tmp_path: Path) -> None:
    library = Library(LocalStore(tmp_path))
    (song,) = new_songs(planned(1, "x").brief, owner=this_process())
    library.save(song)
    with pytest.raises(Conflict, match="another process makes"):
        edit_stored(library, song.id, {"favourite": True})
    dead = song.changed(owner=Owner(host=this_process().host, pid=2**31 - 2, started="never"))
    library.save(dead)
    assert edit_stored(library, song.id, {"favourite": True}).favourite


def test_an_early_manifest_has_none_of_it_and_is_read() -> None:
    song = planned(1, "x")
    raw = song.model_dump(mode="json")
    for name in ("renamed", "favourite", "tags", "metadata"):
        del raw[name]
    read = song_of(song.id, json.dumps(raw).encode())
    assert (read.title, read.favourite, read.tags, read.metadata) == ("x", False, (), {})
    assert entry_of(read) == Entry(
        **{name: getattr(entry_of(song), name) for name in Entry.__dataclass_fields__}
    )


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"title": " \u200b"}, "blank"),
        ({"title": "x" * 81}, "81 characters"),
        ({"tags": [""]}, "blank"),
        ({"tags": ["x" * 41]}, "shorten it to 40"),
        ({"tags": [str(n) for n in range(21)]}, "20 tags"),
        ({"metadata": {"": "x"}}, "blank"),
        ({"metadata": {"a": "x" * 201}}, "shorten it to 200"),
        ({"metadata": {"a": "\ud800"}}, "Unicode"),
        ({"metadata": {"a": "1", "a ": "2"}}, "two keys"),
        ({"metadata": {str(n): "" for n in range(17)}}, "16 keys"),
    ],
)
def test_labels_past_their_bounds_are_refused(labels: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        cleaned_labels(labels)


def test_labels_are_cleaned_as_all_that_people_type() -> None:
    facts = cleaned_labels(
        {"title": " Neon\n\tRain\u202e ", "tags": ["A\u200b", "a", "b"], "favourite": True}
    )
    assert facts == {"renamed": "Neon Rain", "tags": ("A", "b"), "favourite": True}
    assert cleaned_metadata({"b": " x ", "a": "[/b]<i>"}) == {"a": "[/b]<i>", "b": "x"}
