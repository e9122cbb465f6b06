import stat
from pathlib import Path

import pytest

from config.errors import InvalidRequest, StoreUnavailable
from config.settings import load_settings
from orchestrator.server.auth import TOKEN_FILE, Tokens, as_bearer, given_tokens, load_tokens
from storage.configured import FOLDER, kept_secret, private_folder


@pytest.mark.parametrize(
    "header",
    [
        "",
        "good-token-1234567890",
        "Bearer",
        "Bearer ",
        "Basic good-token-1234567890",
        "Bearer good-token-12345678902",
        "Bearer GOOD-TOKEN-1234567890",
    ],
)
def test_only_a_known_token_as_bearer_is_let_in(header: str) -> None:
    assert Tokens(("good-token-1234567890", "next-token-1234567890")).holder(header) is None


def test_each_token_has_a_name_of_its_own_that_does_not_tell_it() -> None:
    tokens = Tokens(("good-token-1234567890", "next-token-1234567890"))
    names = {tokens.holder("Bearer good-token-1234567890"), tokens.holder("bearer next-token-1234567890")}
    assert None not in names
    assert len(names) == 2
    assert not any("token" in str(name) for name in names)


@pytest.mark.parametrize(
    ("header", "bearer"),
    [
        ("Basic OmEtZ29vZC10b2tlbg==", "Bearer a-good-token"),
        ("basic  YW55Ym9keTphLWdvb2QtdG9rZW4=", "Bearer a-good-token"),
        ("Basic bm8gY29sb24=", "Bearer "),
        ("Basic a-good-token", "Basic a-good-token"),
        ("Basic /w==", "Basic /w=="),
        ("Bearer a-good-token", "Bearer a-good-token"),
        ("", ""),
    ],
)
def test_a_password_of_the_url_is_borne_as_a_token(header: str, bearer: str) -> None:
    assert as_bearer(header) == bearer
    assert bool(Tokens(("a-good-token",)).holder(as_bearer(header))) == (bearer == "Bearer a-good-token")


def test_the_first_start_makes_a_token_that_only_its_owner_may_read(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, api_bearer_token="")
    tokens, shown = load_tokens(settings)
    assert tokens.holder(f"Bearer {shown}")
    kept = tmp_path / FOLDER / TOKEN_FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    again, shown_again = load_tokens(settings)
    assert shown_again == ""
    assert again.holder(f"Bearer {shown}")


GOOD = "0123456789abcdefghijK"


@pytest.mark.parametrize(
    "given",
    [
        "short",
        GOOD[:19],
        "has a space in it, and is long enough",
        f"{GOOD},ünïcode-token-ünïcode-token",
        f"{GOOD} {GOOD}",
        f"{GOOD}\n{GOOD}",
        f"Bearer {GOOD}",
        f"{GOOD}\\n",
        f"API_BEARER_TOKEN={GOOD}!",
        f"{GOOD},{GOOD[:8]}",
        f"{GOOD};{GOOD[::-1]}",
        "abababababababababababababab",
        "0" * 64,
        (GOOD * 30)[:513],
    ],
)
def test_a_token_that_does_not_do_is_refused_without_being_shown(tmp_path: Path, given: str) -> None:
    with pytest.raises(InvalidRequest, match="API_BEARER_TOKEN") as caught:
        load_tokens(load_settings(home=tmp_path, api_bearer_token=given))
    said = str(caught.value)
    assert given not in said
    assert GOOD[:8] not in said
    assert "import secrets" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "given",
    [
        f"{GOOD}\n",
        f"{GOOD}\r\n",
        f"\ufeff{GOOD}",
        f'"{GOOD}"',
        f"'{GOOD}'\n",
        f" '{GOOD}' ",
        f"\u201c{GOOD}\u201d",
        f',"{GOOD}", "{GOOD}" ,',
        f'"{GOOD},{GOOD}"\r\n',
        f"{GOOD},\n{GOOD}",
    ],
)
def test_what_a_file_or_a_form_puts_around_a_token_is_no_part_of_it(tmp_path: Path, given: str) -> None:
    assert given_tokens(load_settings(home=tmp_path, api_bearer_token=given)) == (GOOD,)


@pytest.mark.parametrize("given", ["", " ", '""', "''\n", ",,", "\ufeff", '"",""'])
def test_an_empty_setting_is_none(tmp_path: Path, given: str) -> None:
    assert given_tokens(load_settings(home=tmp_path, api_bearer_token=given)) == ()


@pytest.mark.parametrize("kept", ["my-own-token", "with space and long enough", "a" * 40])
def test_a_kept_token_is_held_to_the_same(tmp_path: Path, kept: str) -> None:
    settings = load_settings(home=tmp_path, api_bearer_token="")
    (private_folder(settings) / TOKEN_FILE).write_text(kept)
    with pytest.raises(StoreUnavailable, match="delete it") as caught:
        load_tokens(settings)
    assert kept not in str(caught.value)
    assert (tmp_path / FOLDER / TOKEN_FILE).read_text() == kept


def test_an_emptied_secret_file_is_an_error_and_not_an_empty_secret(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    secret, made = kept_secret(settings, "key")
    assert made
    assert len(secret) >= 43
    (tmp_path / FOLDER / "key").write_text("\n")
    with pytest.raises(StoreUnavailable, match="delete it"):
        kept_secret(settings, "key")
