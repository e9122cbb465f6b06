"""Dates that no clock of today shows, keys without an ending, and clocks that are wrong."""

from __future__ import annotations

import io
import json
import os
import re
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.songs.brief import Brief
from orchestrator.songs.export import export
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Status, id_time, new_songs
from storage.local import LocalStore
from tests.hostile.damage import DATES, change, copy_of
from tests.hostile.figures import resisted
from tests.hostile.test_damaged import ASK, make_song, pages
from tests.orchestrator.test_cli import QUICK, songwright
from tests.service.server import serving


@pytest.mark.long
def test_a_date_of_any_kind_costs_nothing(tmp_path: Path) -> None:
    first = make_song(tmp_path)
    dated: dict[str, str] = {}
    for number, (name, date) in enumerate(DATES.items(), 1):
        folder = copy_of(first, number)
        change(folder, lambda manifest, date=date: _set_dates(manifest, date))  # type: ignore[misc]
        dated[name] = folder.name
    last = copy_of(first, 99)
    with serving(tmp_path, timed=True, TZ="Asia/Kathmandu") as server, server.client() as client:
        rows = {row["id"]: row for row in pages(client, 5)}
        assert set(rows) == {first.name, last.name, *dated.values()}
        for name, song_id in dated.items():
            assert rows[song_id]["status"] == "done", (name, rows[song_id])
            assert datetime.fromisoformat(rows[song_id]["created_at"]).utcoffset() == timedelta(), name
            package = client.get(f"/songs/{song_id}/package")
            assert package.status_code == 200, name
            with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
                assert archive.testzip() is None
                assert {1980 <= entry.date_time[0] <= 2107 for entry in archive.infolist()} == {True}
            tag = client.get(f"/songs/{song_id}/audio").headers["ETag"]
            again = client.get(f"/songs/{song_id}/audio", headers={"If-None-Match": tag})
            assert again.status_code == 304
            assert "event: end" in client.get(f"/songs/{song_id}/events").text, name
            like = client.post("/generate-like", json={"like": song_id}, headers={"Prefer": "respond-async"})
            assert like.status_code == 202, (name, like.text)
        naive = datetime.fromisoformat(rows[dated["naive"]]["created_at"])
        assert naive == datetime(2026, 5, 6, 7, 8, 9, 123456, UTC)
        assert client.post("/quote", json=ASK).status_code == 200
        assert server.slow == []
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        listed = songwright(tmp_path, "list", "--limit", "0", variables=QUICK | {"TZ": zone})
        assert listed.returncode == 0, listed.stderr
        assert set(dated.values()) <= set(listed.stdout.split())
    # The songs of before and after one with an odd date are summed as ever.
    since = (datetime.now() - timedelta(days=2)).strftime("%Y-%m-%d")
    costs = songwright(tmp_path, "cost", "--json", "--since", since)
    assert costs.returncode == 0, costs.stderr
    assert json.loads(costs.stdout)["songs"] >= 2
    resisted(
        "naive dates, dates of the years 1 to 9999",
        limit="UTC where no zone is said; a ZIP's dates are 1980 to 2107",
        figure=f"{len(DATES)} kinds, listed, served, packed, followed and made again",
    )


def _set_dates(manifest: dict[str, object], date: str) -> None:
    manifest["created_at"] = manifest["updated_at"] = date
    history = manifest["history"]
    assert isinstance(history, list)
    for moment in history:
        moment["at"] = date


def test_files_without_an_ending_have_a_type_and_a_name(tmp_path: Path) -> None:
    first = make_song(tmp_path)
    folder = copy_of(first, 1)
    manifest = json.loads((folder / "song.json").read_text())
    for role, asset in manifest["assets"].items():
        place = tmp_path / asset["key"]
        # "audio.wav" -> "audio", and some with a dot at the end or in a folder's name.
        bare = folder / ("v1.0" if role == "cover" else "files") / role.replace(":", "-")
        bare.parent.mkdir(exist_ok=True)
        place.rename(bare)
        asset["key"] = bare.relative_to(tmp_path).as_posix()
    manifest["assets"]["lyrics"]["content_type"] = "text/plain\r\nSet-Cookie: stolen=1"
    manifest["assets"]["video:main"] = manifest["assets"]["cover"] | {"content_type": "nonsense"}
    (folder / "song.json").write_text(json.dumps(manifest))
    with serving(tmp_path, timed=True) as server, server.client() as client:
        told = client.get(f"/songs/{folder.name}").raise_for_status().json()
        for role, asset in told["assets"].items():
            url = told["urls"][role]
            answer = client.get(url, headers={"Authorization": ""})
            assert answer.status_code == 200, (role, answer.text)
            assert len(answer.content) == asset["size_bytes"]
            assert "Set-Cookie" not in answer.headers
            assert re.fullmatch(r"[\w.+-]+/[\w.+-]+(; ?charset=[\w-]+)?", answer.headers["Content-Type"])
            name = re.search(r'filename="([^"]+)"', answer.headers["Content-Disposition"])
            assert name, role
        audio = client.get(f"/songs/{folder.name}/audio")
        assert audio.headers["Content-Type"] == "audio/wav"
        assert f'filename="{told["title"]}.wav"' in audio.headers["Content-Disposition"]
        package = client.get(f"/songs/{folder.name}/package")
        with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
            names = archive.namelist()
        assert len(set(names)) == len(names)
        assert {Path(name).suffix for name in names} >= {".wav", ".png", ".json"}
        assert server.slow == []
    library = Library(LocalStore(tmp_path))
    copy = export(library.load(folder.name), library.store, tmp_path / "out")
    assert copy.suffix == ".wav"
    assert copy.read_bytes() == (folder / "files" / "audio").read_bytes()
    resisted(
        "files whose keys have no ending, content types that break headers",
        limit="the content type names the ending; a type that no header carries is octet-stream",
        figure=f"{len(manifest['assets'])} files served, packed and exported",
    )


class Late(LocalStore):
    """A store whose clock is an hour behind, or before: what it says of times is its own."""

    hours = 0

    def put(self, key: str, data: bytes, content_type: str) -> None:
        super().put(key, data, content_type)
        at = time.time() + 3600 * self.hours
        os.utime(self.path(key), (at, at))


def test_a_stores_clock_decides_nothing(tmp_path: Path) -> None:
    beginning = timedelta(minutes=5)
    for hours in (-1, 0, 1):
        store = Late(tmp_path / str(hours))
        store.hours = hours
        library = Library(store)
        asked = new_songs(Brief(description="x"))[0]
        library.mark(asked.id)  # a song that another container accepts at this moment
        store.put(f"songs/{asked.id}/photo.png", b"a photo", "image/png")
        assert list(library.unsettled(beginning)) == []
        assert store.stat(f"songs/{asked.id}/photo.png").size_bytes == 7, hours
        assert [song.id for song in [library.save(asked)]] == [asked.id]
        assert [song.id for song in library.unsettled(beginning)] == [asked.id]
        done = library.save(asked.changed(status=Status.DONE))
        assert library.load(done.id) == done
        # What was begun long ago and never accepted goes, whatever the store says of it.
        left = "zzzzzzzzz000000"
        assert id_time(left).year == 1970
        library.mark(left)
        store.put(f"songs/{left}/photo.png", b"a photo", "image/png")
        assert list(library.unsettled(beginning)) == []
        assert list(store.list(f"songs/{left}/")) == []
