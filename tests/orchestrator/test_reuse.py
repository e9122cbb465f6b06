"""Requests that come again: the key's songs, the cached ones, and when neither counts any more."""

import asyncio
from pathlib import Path

import pytest

from config.errors import Conflict, NotFound
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import EngineFacts, Song, Status, new_songs
from orchestrator.songs.reuse import Reuse, digest
from storage.local import LocalStore

ENGINES = {"lyrics": "plain 1", "music": "hum 1", "art": "blank 1"}


class Stage:
    """A library with its memory of requests, made by engines whose versions can be changed."""

    def __init__(self, folder: Path) -> None:
        self.library = Library(LocalStore(folder))
        self.versions = dict(ENGINES)
        self.reuse = Reuse(self.library, lambda: self.versions)

    def made(self, brief: Brief, status: Status = Status.DONE, key: str = "") -> list[Song]:
        facts = {
            craft: EngineFacts(name=name, version=version, licence="MIT", seed=0)
            for craft, (name, version) in ((craft, text.split()) for craft, text in ENGINES.items())
        }
        songs = [song.changed(status=status, engines=facts) for song in new_songs(brief, idempotency=key)]
        return [self.library.save(song) for song in songs]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def brief(**fields: object) -> Brief:
    return Brief.model_validate({"description": "x", "seed": 7} | fields)


def test_a_key_leads_to_its_songs_finished_or_not_also_in_the_next_process(stage: Stage) -> None:
    assert stage.reuse.of_key("k", "request") is None
    songs = stage.made(brief(variations=2), Status.COMPOSING)
    stage.reuse.keep_key("k", "request", songs)
    assert stage.reuse.of_key("k", "request") == songs
    assert Reuse(stage.library, dict).of_key("k", "request") == songs
    assert stage.reuse.of_key("another", "request") is None


def test_a_key_with_another_request_is_a_conflict(stage: Stage) -> None:
    stage.reuse.keep_key("k", "request", stage.made(brief()))
    with pytest.raises(Conflict, match="another request"):
        stage.reuse.of_key("k", "another request")


def test_a_key_is_found_by_its_former_names_for_the_same_request_alone(stage: Stage) -> None:
    old = stage.made(brief())
    stage.reuse.keep_key("of-a-token", "request", old)
    assert stage.reuse.of_key("k", "request", ["of-another", "of-a-token"]) == old
    assert stage.reuse.of_key("k", "another request", ["of-another", "of-a-token"]) is None
    new = stage.made(brief())
    stage.reuse.keep_key("k", "request", new)
    assert stage.reuse.of_key("k", "request", ["of-a-token"]) == new


def test_a_key_whose_songs_were_never_stored_counts_for_nothing_whatever_comes_with_it(stage: Stage) -> None:
    stage.reuse.keep_key("k", "request", new_songs(brief()))
    assert stage.reuse.of_key("k", "request") is None
    assert stage.reuse.of_key("k", "another request") is None


def test_a_note_that_was_cut_short_is_a_request_not_seen_before(stage: Stage) -> None:
    stage.reuse.keep_key("k", "request", stage.made(brief()))
    stage.library.store.put("idempotency/k", b'{"song_ids":["y', "application/json")
    assert stage.reuse.of_key("k", "request") is None


def test_a_finished_request_is_found_again_by_all_that_was_asked(stage: Stage) -> None:
    (song,) = stage.made(brief())
    stage.reuse.keep_request(song)
    assert stage.reuse.of_request(brief()) == [song]
    for other in ({"seed": 8}, {"duration_s": 60}, {"format": "mp3"}, {"instrumental": True}):
        assert stage.reuse.of_request(brief(**other)) is None


def test_variations_are_found_only_once_all_of_them_are_done(stage: Stage) -> None:
    asked = brief(variations=2)
    first, second = stage.made(asked, Status.COMPOSING)
    first = stage.library.save(first.changed(status=Status.DONE))
    stage.reuse.keep_request(first)
    assert stage.reuse.of_request(asked) is None
    second = stage.library.save(second.changed(status=Status.DONE))
    stage.reuse.keep_request(second)
    assert stage.reuse.of_request(asked) == [first, second]


def test_songs_of_an_older_engine_are_not_what_would_be_made_now(stage: Stage) -> None:
    (song,) = stage.made(brief())
    stage.reuse.keep_request(song)
    stage.versions["music"] = "hum 2"
    assert stage.reuse.of_request(brief()) is None
    stage.versions = {}  # while they are loading nothing is known
    assert stage.reuse.of_request(brief()) is None


def test_a_song_that_has_not_come_well_to_its_end_is_no_answer(stage: Stage) -> None:
    (song,) = stage.made(brief())
    stage.reuse.keep_request(song)
    stage.library.save(song.changed(status=Status.FAILED))
    assert stage.reuse.of_request(brief()) is None


def test_a_deleted_song_is_forgotten_and_leaves_no_note(stage: Stage) -> None:
    (song,) = stage.made(brief(), key="k")
    stage.reuse.keep_key("k", "request", [song])
    stage.reuse.keep_request(song)
    stage.library.delete(song.id)
    assert stage.reuse.of_key("k", "request") is None
    assert stage.reuse.of_request(brief()) is None
    stage.reuse.forget(song)
    assert list(stage.library.store.list("")) == []


def test_forgetting_a_song_leaves_the_note_of_a_later_one_with_the_same_request(stage: Stage) -> None:
    (older,), (newer,) = stage.made(brief()), stage.made(brief())
    stage.reuse.keep_request(newer)
    stage.library.delete(older.id)
    stage.reuse.forget(older)
    assert stage.reuse.of_request(brief()) == [newer]


def test_a_deleted_sibling_keeps_the_rest_from_being_remembered(stage: Stage) -> None:
    first, second = stage.made(brief(variations=2))
    stage.library.delete(second.id)
    with pytest.raises(NotFound):
        stage.reuse.keep_request(first)
    assert stage.reuse.of_request(brief(variations=2)) is None


def test_two_requests_with_one_key_take_turns_however_many_others_come(stage: Stage) -> None:
    async def run() -> None:
        async with stage.reuse.claim("k"):
            for number in range(2500):
                stage.reuse.claim(str(number))
            assert stage.reuse.claim("k").locked()
        assert not stage.reuse.claim("k").locked()
        assert len(stage.reuse._claimed) <= 1001

    asyncio.run(run())


def test_a_digest_tells_where_one_part_ends() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert len(digest("x")) == 64
