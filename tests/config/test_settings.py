import os
from pathlib import Path

import pytest

from config.errors import InvalidRequest
from config.settings import given_names, load_settings, variable_of


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SONGWRIGHT_HOME", "SONGWRIGHT_STORE", "SONGWRIGHT_MUSIC__ENGINE", "API_BEARER_TOKEN"):
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


def test_the_token_has_the_name_its_users_know_and_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_BEARER_TOKEN", "very-secret-1")
    settings = load_settings()
    assert variable_of("api_bearer_token") == "API_BEARER_TOKEN"
    assert variable_of("queue_limit") == "SONGWRIGHT_QUEUE_LIMIT"
    assert settings.api_bearer_token.get_secret_value() == "very-secret-1"
    assert "very-secret" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_origins_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGWRIGHT_CORS_ORIGINS", "https://a.example/, http://localhost:3000 ,")
    assert load_settings().cors_origins == ("https://a.example", "http://localhost:3000")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("QUEUE_LIMIT", "0"),
        ("JOB_TIMEOUT_S", "0"),
        ("PUBLIC_URL", "example.com"),
        ("LOG_FORMAT", "xml"),
        ("URL_EXPIRES_S", "5"),
        ("MUSIC__PROCESSES", "-1"),
        ("WEBHOOKS__ALLOW_PRIVATE", "perhaps"),
    ],
)
def test_a_service_setting_out_of_bounds_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SONGWRIGHT_{name}", value)
    with pytest.raises(InvalidRequest, match=f"SONGWRIGHT_{name}: "):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("SONGWRIGHT_MUSIC", "abc", "set its members one by one, as SONGWRIGHT_MUSIC__NAME"),
        ("SONGWRIGHT_WEBHOOKS", "{", "set its members one by one, as SONGWRIGHT_WEBHOOKS__NAME"),
        ("SONGWRIGHT_MUSIC", "[1]", "SONGWRIGHT_MUSIC: "),
        ("SONGWRIGHT_URL", "localhost:8000", "which begins with http://"),
        ("SONGWRIGHT_MUSIC__PROCESSES", "many", "'many' - input should be a valid integer"),
        ("SONGWRIGHT_MUSIC__PROCESSES", "", "'' - input should be a valid integer"),
        ("SONGWRIGHT_MUSIC__PROCESSES", "1e400", "input should be a valid integer"),
        ("SONGWRIGHT_JOB_TIMEOUT_S", "nan", "input should be less than or equal to 1000000000"),
        ("SONGWRIGHT_JOB_TIMEOUT_S", "inf", "input should be less than or equal to 1000000000"),
        ("SONGWRIGHT_SHUTDOWN_GRACE_S", "1e308", "input should be less than or equal to 1000000000"),
        ("SONGWRIGHT_BODY_TIMEOUT_S", "-inf", "input should be greater than 0"),
    ],
)
def test_nonsense_names_its_variable_and_what_would_do(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fix: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidRequest, match=f"^{name}: ") as refused:
        load_settings()
    assert fix in str(refused.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_the_file_is_read_in_the_encoding_that_its_mark_names(encoding: str) -> None:
    Path(".env").write_bytes("# Größe\r\nSONGWRIGHT_HOME=Büro\r\n".encode(encoding))
    assert load_settings().home == Path("Büro")
    assert "SONGWRIGHT_HOME" in given_names()


def test_a_folder_of_the_files_name_is_no_file_of_settings() -> None:
    Path(".env").mkdir()
    assert load_settings().home == Path()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named() -> None:
    Path(".env").touch(0)
    with pytest.raises(InvalidRequest, match=r"the file \.env: .* - Permission denied: let the user"):
        load_settings()


def test_a_file_that_is_no_file_of_settings_is_refused_by_its_size() -> None:
    Path(".env").write_bytes(b"x" * 1_000_001)
    with pytest.raises(InvalidRequest, match=r"the file \.env: '1,000,001 bytes'"):
        load_settings()
