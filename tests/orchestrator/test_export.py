"""The names that a song's files get outside the library, and the copies themselves."""

import io
import zipfile
from pathlib import Path

import pytest

from config.engine import ignore_progress
from lyrics.contract import PlanRequest
from orchestrator.server.api.responses.package import package, package_name
from orchestrator.server.http.naming import ascii_name
from orchestrator.songs.brief import Brief
from orchestrator.songs.export import export, plain_title
from orchestrator.songs.library import asset_key
from orchestrator.songs.manifest import Asset, Song, Status, new_songs
from storage.local import LocalStore
from tests.orchestrator.engines import PlainWriter

LONG = "\N{MUSICAL SYMBOL G CLEF}" * 80  # four bytes each, as many as a title may have


def song(title: str) -> Song:
    queued = new_songs(Brief(description="x"))[0]
    plan = PlainWriter().plan(PlanRequest(description=title, seed=1), ignore_progress)
    return queued.changed(status=Status.DONE, plan=plan)


def stored(title: str, store: LocalStore) -> Song:
    made = song(title)
    assets = {}
    for role, name in {"audio": "audio.wav", "stem:accompaniment": "stems/accompaniment.flac"}.items():
        key = asset_key(made.id, name)
        store.put(key, role.encode(), "audio/wav")
        assets[role] = Asset(key=key, content_type="audio/wav", size_bytes=len(role), sha256="")
    return made.model_copy(update={"assets": assets})


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("Neon Rain", "Neon Rain"),
        ('AC/DC: "why?" <a|b>\\*', "ACDC why ab"),
        ("a\tb\x7fc", "abc"),
        ("... and then ...", "and then"),
        ("Größe", "Größe"),
        ("a" * 80, "a" * 80),
        ("a\u202eb\u200bc\ufeffd\u0085e\u2028f\x9bgh", "abcdefgh"),
        ("\u00a0 a\u3000b\u00a0", "a b"),
        ("👩\u200d🎤", "👩\u200d🎤"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("CON", "CON_"),
        ("aux.mix", "aux_.mix"),
        ("com1 .x", "com1_ .x"),
        ("LPT\u00b9", "LPT\u00b9_"),
        ("Con te partirò", "Con te partirò"),
        ("COM10", "COM10"),
        ("Nullify", "Nullify"),
        ("../../etc/passwd", "etcpasswd"),
        (".hidden", "hidden"),
        ("-rf *", "rf"),
        ("--help", "help"),
        ("~root", "root"),
        ("nul.tar.gz", "nul_.tar.gz"),
        ("Console", "Console"),
        ("aux armes", "aux armes"),
        ("e\u0301", "\u00e9"),
        ("$(rm) `x` {0} %s [/b]", "$(rm) `x` {0} %s [b]"),
    ],
)
def test_a_title_loses_what_some_system_forbids(title: str, plain: str) -> None:
    assert plain_title(song(title)) == plain


@pytest.mark.parametrize("title", ["???", "..", " . ", "-", "--", "\u200d", "\u202e\u202c", "~/."])
def test_a_title_that_leaves_nothing_is_the_songs_id(title: str) -> None:
    nameless = song(title)
    assert plain_title(nameless) == nameless.id
    assert package_name(nameless) == f"{nameless.id}.zip"


@pytest.mark.parametrize("start", ["", "a", "ab", "abc"])
def test_a_title_is_cut_by_its_bytes_and_between_characters(start: str) -> None:
    plain = plain_title(song((start + LONG)[:80]))
    assert 196 < len(plain.encode()) <= 200
    assert set(plain) == set(start) | set(LONG)


def test_a_cut_title_does_not_end_in_a_space_or_dot() -> None:
    assert plain_title(song(LONG[:48] + "abcde. .." + LONG[:9])) == LONG[:48] + "abcde"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Neon Rain", "Neon Rain"),
        ("Größe 7", "Grosse 7"),
        ('say "hi"', "say hi"),
        ("\N{MUSICAL SYMBOL G CLEF}.É", "E"),
        (LONG, None),
        ("北京", None),
    ],
)
def test_a_packages_name_in_ascii_is_what_is_left_of_the_title_or_the_id(
    title: str, name: str | None
) -> None:
    named = song(title)
    assert ascii_name(package_name(named), named.id) == f"{name or named.id}.zip"
    stem = f"{plain_title(named)} - bass.flac"
    assert ascii_name(stem, named.id) == f"{name or named.id} - bass.flac"


def test_a_song_with_the_longest_title_is_exported_twice_and_packed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "library")
    long = stored(LONG, store)
    first, second = (export(long, store, tmp_path / "out") for _ in range(2))
    assert first.read_bytes() == second.read_bytes() == b"audio"
    assert second.name == f"{first.stem} 2.wav"
    assert (first.parent / f"{first.stem} stems" / "accompaniment.flac").exists()
    with zipfile.ZipFile(io.BytesIO(b"".join(package(long, store)))) as archive:
        archive.extractall(tmp_path / "unpacked")
        assert all(len(part.encode()) <= 255 for name in archive.namelist() for part in name.split("/"))
