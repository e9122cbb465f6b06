"""Secrets: changed tokens, loose rights, planted files, and guesses."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from config.errors import InvalidRequest
from config.settings import load_settings
from orchestrator.server.auth import load_tokens
from orchestrator.server.bucket_keys import KEY
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Status
from orchestrator.songs.reuse import digest
from storage.local import LocalStore
from tests.hostile.figures import resisted
from tests.long import few_first
from tests.orchestrator.test_cli import QUICK, ROOT, environment, songwright
from tests.service.receiver import receiving, verified
from tests.service.server import Server, serving
from tests.storage import s3 as s3s

SONG = {"full_described_song": "a song about rain", "audio_duration": 5.0}
FIRST, SECOND = "first-token-0123456789abc", "second-token-9876543210xyz"
NAMES = ("signing-key", "webhook-secret")


@contextmanager
def stored(kind: str) -> Iterator[tuple[dict[str, str], s3s.S3 | None, str]]:
    """The settings of a store of this kind."""
    if kind == "local":
        yield {}, None, ""
        return
    with s3s.s3_server() as s3:
        bucket = s3.new_bucket()
        variables = {
            "SONGWRIGHT_STORE": "r2",
            "R2_BUCKET_NAME": bucket,
            "R2_ENDPOINT_URL": s3.endpoint,
            "R2_ACCESS_KEY_ID": s3s.KEY,
            "R2_SECRET_ACCESS_KEY": s3s.SECRET,
            "R2_REGION": "us-east-1",
        }
        yield variables, s3, bucket


@pytest.mark.parametrize(
    ("kind", "tokens"),
    few_first(1, [("local", ["", f"{FIRST},{SECOND}"]), ("bucket", [f"{FIRST},{SECOND}", SECOND])]),
)
def test_changing_tokens_changes_no_signature_no_webhook_and_no_idempotency_key(
    tmp_path: Path, kind: str, tokens: list[str]
) -> None:
    with stored(kind) as (store, s3, bucket), receiving() as receiver:
        variables = QUICK | store | {"SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE": "true"}
        ids, packages, port = set(), [], "0"
        made = ""
        for given in tokens:
            server = Server(tmp_path, **variables, API_BEARER_TOKEN=given)
            server.port = port
            server.start(ready=True)
            port = server.url.rpartition(":")[2]
            if not given:
                made = (tmp_path / ".songwright" / "token").read_text().strip()
            assert all(httpx.get(address).status_code == 200 for address in packages)
            with server.client(given.partition(",")[0] or made) as client:
                for key in ("one-key", "1"):
                    answer = client.post(
                        "/generate-from-description",
                        json=SONG | {"webhook": receiver.url},
                        headers={"Idempotency-Key": key},
                    )
                    assert answer.status_code == 200, answer.text
                    ids.add((key, answer.json()["id"]))
                packages.append(answer.json()["urls"]["package"])
                fresh = client.post("/generate-from-description", json=SONG | {"webhook": receiver.url})
                assert fresh.status_code == 200
            server.stop()
        if s3:
            kept = json.loads(s3.client.get_object(Bucket=bucket, Key=KEY)["Body"].read())
            assert not [name for name in NAMES if (tmp_path / ".songwright" / name).exists()]
        else:
            kept = {name: (tmp_path / ".songwright" / name).read_text().strip() for name in NAMES}
        assert len(ids) == 2
        assert len(receiver.got) == 2 + len(tokens)  # two for the keys, one for each start
        for headers, body in receiver.got:
            assert verified(kept["webhook-secret"], headers, body)["type"] == "song.done"
    resisted(
        "tokens made, given, added and dropped",
        limit="no secret is made of a token",
        figure=f"{len(tokens)} sets of tokens: addresses, webhook signatures and idempotency keys as before",
    )


def test_an_idempotency_key_of_before_is_found_with_whichever_token_is_known(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, api_bearer_token=f"{FIRST},{SECOND}")
    (holder, _) = load_tokens(settings)[0].holders
    name = digest(holder, "an-old-key")
    library = Library(LocalStore(tmp_path))
    with serving(tmp_path, API_BEARER_TOKEN=f"{FIRST},{SECOND}") as server:
        with server.client(SECOND) as client:
            made = client.post("/generate-from-description", json=SONG, headers={"Idempotency-Key": "new"})
            # The same request as it was kept under its token's name, by the release before this one.
            note = json.loads((tmp_path / "idempotency" / digest("new")).read_bytes())
            (tmp_path / "idempotency" / name).write_text(json.dumps(note))
            again = client.post(
                "/generate-from-description", json=SONG, headers={"Idempotency-Key": "an-old-key"}
            )
            other = client.post(
                "/generate-from-description",
                json=SONG | {"seed": 4},
                headers={"Idempotency-Key": "an-old-key"},
            )
        assert again.json()["id"] == made.json()["id"]
        assert other.json()["id"] != made.json()["id"]
    assert library.load(made.json()["id"]).status is Status.DONE


def test_services_that_begin_together_on_one_bucket_have_the_same_keys(tmp_path: Path) -> None:
    script = """
import json, sys
from config.errors import InvalidRequest
from config.settings import load_settings
from orchestrator.server import bucket_keys as keys
from orchestrator.server.wiring import local_service
from storage.configured import open_store
from tests.long import few_first
settings = load_settings(home=sys.argv[1])
store = open_store(settings)
list(store.list("songs/"))
print("ready", flush=True)
sys.stdin.readline()
kept, usual = [], keys.KEY
for number in range(20):  # each a race anew
    keys.KEY = f"keys/race-{number}.json"
    kept.append(keys.Keys(store).of("signing-key"))
keys.KEY = usual
service = local_service(settings)
print(json.dumps([kept, service.signer.path("songs/x/y", 60, 0.0), service.webhooks._secret()]))
"""
    with stored("bucket") as (store, s3, bucket):
        assert s3
        processes = []
        for number in range(3):
            home = tmp_path / str(number)
            home.mkdir()
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-c", script, str(home)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ROOT,
                    env=environment(home, **QUICK, **store, API_BEARER_TOKEN=FIRST),
                )
            )
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        answers = {process.communicate("go\n", timeout=30)[0] for process in processes}
        assert len(answers) == 1
        assert [process.returncode for process in processes] == [0, 0, 0]
        kept = json.loads(s3.client.get_object(Bucket=bucket, Key=KEY)["Body"].read())
        assert kept["webhook-secret"] in answers.pop()
    resisted(
        "three services that begin at once on a new bucket",
        limit="one object, written on condition that there is none",
        figure="1 signing key, 1 webhook secret",
    )


def test_a_private_folder_that_was_left_open_is_closed_and_nothing_secret_is_told(tmp_path: Path) -> None:
    folder = tmp_path / ".songwright"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    before = os.umask(0)
    try:
        server = Server(tmp_path, **QUICK, API_BEARER_TOKEN="")
        server.start()
    finally:
        os.umask(before)
    token = (folder / "token").read_text().strip()
    kept = [token] + [(folder / name).read_text().strip() for name in NAMES]
    with server.client(token) as client:
        texts = [client.get(path).text for path in ("/metrics", "/songs", "/openapi.json", "/health/ready")]
        texts.append(client.get("/songs", headers={"Authorization": "Bearer " + token[:-1]}).text)
    server.stop()
    first_start = list(server.lines)
    server.lines.clear()
    server.start()
    server.stop()
    texts += server.lines
    assert not [secret for secret in kept if any(secret in text for text in texts)]
    # Not even to its owner: lines of a start without a terminal are kept, as in a journal.
    assert not [secret for secret in kept if any(secret in line for line in first_start)]
    assert any(str(folder / "token") in line for line in first_start)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("token", *NAMES)} == {0o600}
    assert [line for line in first_start if "could be read by others" in line]
    resisted(
        "a private folder of rights 777, a umask of 0",
        limit="0700, files 0600",
        figure="closed at the start, with a line in the log",
    )


@pytest.mark.parametrize("planted", few_first(2, ["link", "binary", "pipe", "short"]))
def test_a_secret_that_was_planted_ends_the_start_with_one_line(tmp_path: Path, planted: str) -> None:
    path = tmp_path / "home" / ".songwright" / "signing-key"
    path.parent.parent.mkdir()
    path.parent.mkdir(mode=0o700)
    if planted == "link":
        (tmp_path / "theirs").write_text("a-key-that-somebody-else-knows")
        path.symlink_to(tmp_path / "theirs")
    elif planted == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes({"empty": b"", "binary": b"\xff" * 32, "short": b"guess-me"}[planted])
        path.chmod(0o600)
    result = songwright(
        tmp_path / "home", "serve", "--port", "0", variables=QUICK | {"API_BEARER_TOKEN": FIRST}
    )
    assert result.returncode not in (0, -9)
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert "signing-key" in result.stderr
    assert "delete it" in result.stderr
    assert "guess-me" not in result.stderr


@pytest.mark.parametrize(
    "given",
    few_first(2, ["nineteen-characters", f"{FIRST},12345678", "ab" * 20, f"{FIRST}\n{SECOND}"]),
)
def test_a_token_that_can_be_guessed_is_refused_at_the_start(tmp_path: Path, given: str) -> None:
    result = songwright(tmp_path, "serve", "--port", "0", variables=QUICK | {"API_BEARER_TOKEN": given})
    said = result.stdout + result.stderr
    assert result.returncode != 0, said
    assert "API_BEARER_TOKEN" in said
    assert "secrets.token_urlsafe(32)" in " ".join(said.split())
    assert not [part for part in given.replace("\n", ",").split(",") if part in said]
    assert not (tmp_path / ".songwright" / "token").exists()


def test_the_doctor_names_a_token_that_can_be_guessed(tmp_path: Path) -> None:
    result = songwright(tmp_path, "doctor", variables=QUICK | {"API_BEARER_TOKEN": "nineteen-characters"})
    assert result.returncode == 1
    assert "API_BEARER_TOKEN" in result.stdout
    assert "nineteen-characters" not in result.stdout


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line", [f"API_BEARER_TOKEN={FIRST}\r\n", f"API_BEARER_TOKEN='{FIRST}'\r\n"])
def test_a_file_of_settings_from_another_system_is_read(tmp_path: Path, encoding: str, line: str) -> None:
    (tmp_path / ".env").write_bytes(line.encode(encoding))
    env = environment(tmp_path)
    env.pop("API_BEARER_TOKEN", None)
    script = "from config.settings import load_settings; from orchestrator.server.auth import given_tokens;"
    script += "print(given_tokens(load_settings()))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, env=env, timeout=30
    )
    assert result.stdout.strip() == repr((FIRST,)), result.stderr


def test_a_file_of_settings_in_no_known_encoding_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_bytes(f"API_BEARER_TOKEN={FIRST}é".encode("latin-1"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidRequest, match=r"\.env"):
        load_settings()
