"""The service as one thing, without HTTP: its engines, plans, secrets, and how it starts and stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import EngineUnavailable, NotFound, QueueFull, Unavailable
from config.settings import Settings
from orchestrator.server.service import MOST_PLANS
from orchestrator.server.wiring import local_service
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Song, Status, new_songs

HERE = "tests.orchestrator.engines"
TOKEN = "token-of-the-tests-0123456789"
URL = "http://127.0.0.1:8000/"


def settings(home: Path, music: str = "HumComposer", **more: object) -> Settings:
    engines = {"lyrics": "PlainWriter", "music": music, "art": "BlankPainter"}
    chosen = {craft: {"engine": f"{HERE}:{engine}", "processes": 1} for craft, engine in engines.items()}
    return Settings.model_validate({"home": home, "api_bearer_token": TOKEN} | chosen | more)


def song(**fields: object) -> Song:
    return new_songs(Brief.model_validate({"description": "A Song", "duration_s": 5.0} | fields))[0]


async def until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + 30.0
    while not look():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def test_a_song_that_was_submitted_is_made_and_its_addresses_are_signed(tmp_path: Path) -> None:
    async def made() -> Song:
        service = local_service(settings(tmp_path))
        await service.start()
        try:
            (wanted,) = await service.jobs.submit([song()])
            await until(lambda: service.library.load(wanted.id).status is Status.DONE)
            done = service.library.load(wanted.id)
            answer = service.answer(done, URL)
            assert set(answer.urls) >= {"audio", "cover", "lyrics"}
            for url in answer.urls.values():
                assert url.startswith(URL)
                assert "signature=" in url
            return done
        finally:
            await service.stop()

    assert asyncio.run(made()).assets["audio"].size_bytes > 0


def test_no_quote_before_the_engines_are_loaded_and_one_afterwards(tmp_path: Path) -> None:
    async def quoted() -> None:
        service = local_service(settings(tmp_path))
        with pytest.raises(EngineUnavailable, match="the engines are being loaded"):
            await service.quote(song().brief)
        await service.start()
        try:
            await until(lambda: service.engines().keys() >= {"lyrics", "music", "art"})
            quote = await service.quote(song().brief, ("a note of the caller's",))
        finally:
            await service.stop()
        assert quote.notes[0] == "a note of the caller's"

    asyncio.run(quoted())


def test_one_plan_too_many_is_refused_and_a_place_is_given_back(tmp_path: Path) -> None:
    async def crowd() -> None:
        service = local_service(settings(tmp_path))  # not started: every plan waits for its engine
        waiting = [asyncio.create_task(service.draft(song())) for _ in range(MOST_PLANS)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull) as caught:
            await asyncio.wait_for(service.draft(song()), 10.0)
        assert caught.value.retry_after_s
        waiting[0].cancel()
        await asyncio.wait([waiting[0]])
        another = asyncio.create_task(service.draft(song()))
        await asyncio.sleep(0)
        assert not another.done()
        for task in (*waiting, another):
            task.cancel()
        await asyncio.wait([*waiting, another])
        await service.stop()

    asyncio.run(crowd())


def test_secrets_are_kept_for_the_next_service_and_differ_between_libraries(tmp_path: Path) -> None:
    def signed(home: Path) -> str:
        service = local_service(settings(home))
        path = service.signer.path("songs/a/audio.wav", 60, now_s=0.0)
        asyncio.run(service.stop())
        return path

    assert signed(tmp_path / "one") == signed(tmp_path / "one") != signed(tmp_path / "two")


def test_a_deleted_song_is_gone_while_it_is_made_and_a_damaged_one_too(tmp_path: Path) -> None:
    async def deleted() -> None:
        service = local_service(settings(tmp_path, "SlowComposer", shutdown_grace_s=0.0))
        await service.start()
        try:
            (wanted,) = await service.jobs.submit([song()])
            await until(lambda: service.library.load(wanted.id).status is Status.COMPOSING)
            await service.delete(wanted.id)
            with pytest.raises(NotFound):
                service.library.load(wanted.id)
            damaged = service.library.save(song())
            (tmp_path / "songs" / damaged.id / "song.json").write_text("{")
            await service.delete(damaged.id)
            assert list(service.library.ids()) == []
        finally:
            await service.stop()

    asyncio.run(deleted())


def test_a_stop_leaves_the_song_at_work_to_the_next_start(tmp_path: Path) -> None:
    async def stopped() -> str:
        service = local_service(settings(tmp_path, "SlowComposer", shutdown_grace_s=0.0))
        await service.start()
        (wanted,) = await service.jobs.submit([song()])
        await until(lambda: service.library.load(wanted.id).status is Status.COMPOSING)
        began = time.monotonic()
        await service.stop()
        assert time.monotonic() - began < 10.0
        assert not service.library.load(wanted.id).status.finished
        return wanted.id

    async def taken_up(song_id: str) -> None:
        service = local_service(settings(tmp_path))
        await service.start()
        try:
            await until(lambda: service.library.load(song_id).status is Status.DONE)
        finally:
            await service.stop()

    asyncio.run(taken_up(asyncio.run(stopped())))


def test_after_its_stop_no_song_is_taken(tmp_path: Path) -> None:
    async def stopped() -> None:
        service = local_service(settings(tmp_path))
        await service.start()
        await service.stop()
        with pytest.raises(Unavailable, match="stopping"):
            await service.jobs.submit([song()])
        assert list(service.library.ids()) == []

    asyncio.run(stopped())


@pytest.mark.parametrize("blank", ["", " ", "\ufeff \n"])
def test_a_webhook_secret_of_blanks_is_none_and_the_kept_one_signs(tmp_path: Path, blank: str) -> None:
    async def secret() -> object:
        service = local_service(settings(tmp_path, webhooks={"secret": blank}))
        chosen = service.webhooks._secret
        await service.stop()
        return chosen() if callable(chosen) else chosen

    assert str(asyncio.run(secret())).startswith("whsec_")
