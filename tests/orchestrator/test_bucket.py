"""Songs whose library is a bucket: made, shown, served and deleted there; and what doctor says of it."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from orchestrator.cli.commands import DONE, FAILED, WRONG_USAGE
from orchestrator.pipeline.manifest_writer import ManifestWriter
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status, new_songs
from tests.long import few_first
from tests.orchestrator import early
from tests.orchestrator.test_cli import QUICK, songwright
from tests.service.server import ended, holding, serving
from tests.service.test_generation import ASYNC, describe
from tests.storage.s3 import KEY, S3, SECRET, s3_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as running:
        yield running


def settings(s3: S3, bucket: str) -> dict[str, str]:
    return QUICK | {
        "SONGWRIGHT_STORE": "r2",
        "R2_BUCKET_NAME": bucket,
        "R2_ENDPOINT_URL": s3.endpoint,
        "R2_ACCESS_KEY_ID": KEY,
        "R2_SECRET_ACCESS_KEY": SECRET,
        "R2_REGION": "us-east-1",
    }


def test_a_song_is_made_into_the_bucket_found_there_played_from_there_and_deleted(
    s3: S3, tmp_path: Path
) -> None:
    bucket = s3.new_bucket()
    here = settings(s3, bucket)
    made = songwright(tmp_path, "make", "A Song", "--duration", "5", "--format", "mp3", variables=here)
    assert made.returncode == DONE, made.stderr
    assert f"{bucket}/songs/" in made.stdout
    assert s3.endpoint in made.stdout
    [song] = json.loads(songwright(tmp_path, "list", "--json", variables=here).stdout)
    for asset in song["assets"].values():
        assert s3.store(bucket).stat(asset["key"]).size_bytes == asset["size_bytes"]
    assert not (tmp_path / "songs").exists()
    again = songwright(tmp_path, "make", "--like", "latest", "--json", variables=here)
    assert json.loads(again.stdout)["assets"]["cover"]["sha256"] == song["assets"]["cover"]["sha256"]
    for song_id in (song["id"], json.loads(again.stdout)["id"]):
        assert songwright(tmp_path, "delete", song_id, variables=here).returncode == DONE
    # What the index has to be told of is nothing of a song.
    assert [key for key in s3.store(bucket).list("") if not key.startswith("index/changes/")] == []


def test_the_service_answers_with_addresses_of_the_bucket(s3: S3, tmp_path: Path) -> None:
    with serving(tmp_path, **settings(s3, s3.new_bucket())) as server, server.client() as client:
        store = client.get("/health/ready").json()["store"]
        assert (store["state"], store["name"]) == ("ready", "r2")
        answer = client.post("/generate-from-description", json=describe()).raise_for_status().json()
        song = ended(client, answer["id"])
        assert song["urls"]["audio"].startswith(s3.endpoint)
        audio = httpx.get(song["urls"]["audio"])
        assert len(audio.content) == song["assets"]["audio"]["size_bytes"]
        assert client.get(f"/songs/{song['id']}/audio").content == audio.content
        part = client.get(f"/songs/{song['id']}/audio", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, audio.content[10:20])


def test_a_songs_status_is_answered_before_the_bucket_has_it(s3: S3, tmp_path: Path) -> None:
    """The bucket takes one manifest a second: the plan waits, and the song is being composed."""
    held = settings(s3, s3.new_bucket()) | {"SONGWRIGHT_MUSIC__ENGINE": f"{early.__name__}:EarlyComposer"}
    with (
        holding(tmp_path / early.HOLD) as let_go,
        serving(tmp_path, **held) as server,
        server.client() as client,
    ):
        made = client.post("/generate-from-description", json=describe(), headers=ASYNC).json()
        with client.stream("GET", f"/songs/{made['id']}/events") as events:
            next(line for line in events.iter_lines() if '"composing"' in line)
        song = client.get(f"/songs/{made['id']}").json()
        (listed,) = client.get("/songs").json()["songs"]
        assert (song["status"], listed["status"]) == ("composing", "composing")
        assert client.get(f"/songs/{made['id']}/lyrics").text == "[verse]\nla la la\n"
        let_go()
        assert ended(client, made["id"])["status"] == "done"


@pytest.mark.parametrize(
    ("change", "code", "says"),
    few_first(
        4,
        [
            ({"R2_BUCKET_NAME": ""}, WRONG_USAGE, "R2_BUCKET_NAME"),
            ({"R2_BUCKET_NAME": "no-such-bucket"}, FAILED, "set R2_BUCKET_NAME to one that is there"),
            ({"R2_ENDPOINT_URL": "http://127.0.0.1:9/songs"}, WRONG_USAGE, "without a bucket's name"),
            ({"R2_ENDPOINT_URL": "http://127.0.0.1:9"}, FAILED, "check R2_ENDPOINT_URL"),
            ({"R2_SECRET_ACCESS_KEY": ""}, WRONG_USAGE, "R2_SECRET_ACCESS_KEY"),
            ({"R2_ENDPOINT_URL": "nowhere"}, WRONG_USAGE, "R2_ENDPOINT_URL"),
            (
                {"R2_ENDPOINT_URL": "https://ACCOUNT_ID.r2.cloudflarestorage.com"},
                WRONG_USAGE,
                "R2's page shows",
            ),
        ],
    ),
)
def test_what_is_wrong_with_the_bucket_is_said_in_a_line_by_make_and_by_doctor(
    s3: S3, tmp_path: Path, change: dict[str, str], code: int, says: str
) -> None:
    here = settings(s3, s3.new_bucket()) | change
    made = songwright(tmp_path, "make", "A Song", "--duration", "5", variables=here)
    assert made.returncode == code, made.stderr
    assert says in made.stderr
    assert "Traceback" not in made.stderr
    doctor = songwright(tmp_path, "doctor", variables=here)
    assert doctor.returncode != DONE
    assert says in doctor.stdout + doctor.stderr
    assert SECRET not in doctor.stdout


class Watched(Library):
    """Notes when each manifest is written over another, and calls ``during`` meanwhile."""

    times_s: list[float]
    during: Callable[[], object] = staticmethod(lambda: None)

    def save_if(self, song: Song, etag: str | None) -> str:
        self.times_s.append(time.monotonic())
        self.during()
        return super().save_if(song, etag)


def test_changes_of_a_manifest_share_a_write_and_none_is_left_out(s3: S3) -> None:
    library = Watched(s3.store(s3.new_bucket()))
    library.times_s = []
    song = library.save(new_songs(Brief(description="a song", duration_s=5.0))[0])
    planning, composing, failed = (
        song.changed(status=status) for status in (Status.PLANNING, Status.COMPOSING, Status.FAILED)
    )

    async def stored(wanted: Status) -> None:
        async with asyncio.timeout(10.0):
            while library.load(song.id).status is not wanted:  # noqa: ASYNC110 - the bucket is watched
                await asyncio.sleep(0.02)

    async def changes() -> None:
        loop, etag = asyncio.get_running_loop(), library.version(song.id)[1]
        writer = ManifestWriter(library, song, etag, lambda error: pytest.fail(str(error)))
        writer.write_later(planning, within_s=60.0)
        await asyncio.sleep(1.3)
        assert not library.times_s
        library.during = lambda: loop.call_soon_threadsafe(writer.write_later, failed)
        writer.write_later(composing)
        await stored(Status.COMPOSING)
        library.during = lambda: None
        await stored(Status.FAILED)  # it came while the one before was written

    asyncio.run(changes())
    first_s, second_s = library.times_s
    assert second_s - first_s >= 1.0
