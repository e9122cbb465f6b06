from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Song, Status, new_id, new_songs


def test_ids_sort_newest_first() -> None:
    ids = [new_id(now) for now in (0.0, 1.0, 1.5, 1_000_000_000.0, 1_790_000_000.0, 30_000_000_000.0)]
    assert sorted(ids) == ids[::-1]


def test_ids_made_in_one_millisecond_differ() -> None:
    assert len({new_id(1.0) for _ in range(1000)}) == 1000


def test_a_manifest_survives_json() -> None:
    song = new_songs(Brief(description="ねおん", seed=3, variations=3))[2].changed(status=Status.COMPOSING)
    assert Song.model_validate_json(song.model_dump_json()) == song


def test_variations_sing_the_same_words_to_other_music() -> None:
    songs = new_songs(Brief(description="x", seed=10, variations=3))
    assert [song.seed for song in songs] == [10, 11, 12]
    assert {song.brief.seed for song in songs} == {10}
    assert {song.sibling_ids for song in songs} == {tuple(song.id for song in songs)}


def test_only_done_failed_and_cancelled_are_finished() -> None:
    assert {status for status in Status if status.finished} == {Status.DONE, Status.FAILED, Status.CANCELLED}
