from pathlib import Path

import pytest

from config.errors import NotFound, Unreadable
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library, asset_key, manifest_key
from orchestrator.songs.manifest import Status, new_songs
from storage.local import LocalStore


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(LocalStore(tmp_path))


def test_songs_are_listed_newest_first(library: Library) -> None:
    songs = [new_songs(Brief(description=f"song {n}"))[0] for n in range(3)]
    older = songs[0].model_copy(update={"id": "z" * 15})
    for song in (older, songs[1]):
        library.save(song)
    assert [song.id for song in library.songs()] == [songs[1].id, older.id]


def test_a_saved_song_is_loaded_as_it_was(library: Library) -> None:
    song = library.save(new_songs(Brief(description="x"))[0])
    assert library.load(song.id) == song


@pytest.mark.parametrize(
    "song_id", ["", "../../etc/passwd", "A" * 15, "0" * 14, "0" * 16, "0" * 15, "i" * 15, "é" * 15]
)
def test_an_id_that_is_not_there_is_not_found(library: Library, song_id: str) -> None:
    with pytest.raises(NotFound, match="songwright list"):
        library.load(song_id)


def test_a_broken_manifest_names_its_key(library: Library) -> None:
    song = library.save(new_songs(Brief(description="x"))[0])
    library.store.put(manifest_key(song.id), b'{"id": 1', "application/json")
    with pytest.raises(Unreadable, match=manifest_key(song.id)):
        library.load(song.id)


def test_a_deleted_song_leaves_no_object(library: Library) -> None:
    keep, drop = (
        library.save(new_songs(Brief(description="x"))[0]),
        library.save(new_songs(Brief(description="y"))[0]),
    )
    library.store.put(asset_key(drop.id, "stems/bass.flac"), b"1", "audio/flac")
    library.delete(drop.id)
    assert list(library.store.list("")) == [f"open/{keep.id}", manifest_key(keep.id)]


class Failing(LocalStore):
    """Deletes no more than the manifest, as if the process ended there."""

    def delete_below(self, prefix: str) -> None:
        raise KeyboardInterrupt


def test_a_deletion_that_was_cut_short_is_ended_at_the_next_start(tmp_path: Path) -> None:
    library = Library(Failing(tmp_path))
    song = library.save(new_songs(Brief(description="x"))[0].changed(status=Status.DONE, owner=None))
    for name in ("audio.wav", "cover.png"):
        library.store.put(asset_key(song.id, name), b"1", "application/octet-stream")
    with pytest.raises(KeyboardInterrupt):
        library.delete(song.id)
    with pytest.raises(NotFound):
        library.load(song.id)
    restarted = Library(LocalStore(tmp_path))
    assert list(restarted.unsettled()) == []
    assert list(restarted.store.list("")) == []
