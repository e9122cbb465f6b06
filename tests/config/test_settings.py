from pathlib import Path

import pytest

from config.errors import InvalidRequest
from config.settings import load_settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SONGWRIGHT_HOME", "SONGWRIGHT_STORE", "SONGWRIGHT_MUSIC__ENGINE"):
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_need_nothing() -> None:
    settings = load_settings()
    assert (settings.lyrics.engine, settings.music.engine, settings.art.engine) == ("sketch",) * 3
    assert settings.home == Path()


def test_arguments_win_over_the_environment_and_it_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(
        "SONGWRIGHT_HOME=from-file\nSONGWRIGHT_MUSIC__ENGINE=file\nSONGWRIGHT_ART__ENGINE=file\n"
    )
    monkeypatch.setenv("SONGWRIGHT_HOME", "from-environment")
    monkeypatch.setenv("SONGWRIGHT_MUSIC__ENGINE", "environment")
    settings = load_settings(home="from-argument")
    assert str(settings.home) == "from-argument"
    assert settings.music.engine == "environment"
    assert settings.art.engine == "file"


def test_a_bad_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGWRIGHT_STORE", "floppy")
    with pytest.raises(InvalidRequest, match=r"SONGWRIGHT_STORE: 'floppy'"):
        load_settings()


def test_a_misspelt_group_member_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGWRIGHT_MUSIC__ENGIN", "sketch")
    with pytest.raises(InvalidRequest, match="SONGWRIGHT_MUSIC__ENGIN"):
        load_settings()
