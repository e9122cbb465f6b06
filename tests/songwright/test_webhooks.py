"""A webhook's receiver believes the service, and nobody else."""

import json
import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from orchestrator.server.webhooks.delivery import signature
from songwright import InvalidArgument, InvalidWebhook, verify_webhook
from tests.service.receiver import receiving
from tests.service.server import serving
from tests.service.test_generation import describe
from tests.service.test_songs import until
from tests.service.test_webhooks import PRIVATE, secret_of

NOW_S = 1_795_976_486
SECRET = "whsec_" + secrets.token_urlsafe(32)
SONG = json.loads((Path(__file__).parents[2] / "orchestrator/server/api/examples.json").read_text())
BODY = json.dumps({"type": "song.done", "song": SONG["models"]["SongAnswer"]}).encode()


def signed(secret: str = SECRET, at_s: int = NOW_S, body: bytes = BODY) -> dict[str, str]:
    """The headers as the service's own library signs them."""
    return signature(secret, "msg_ybqbqbb2h7d9kp4", at_s, body)


def test_a_real_delivery_is_verified_and_is_as_documented(tmp_path: Path) -> None:
    with receiving() as receiver, serving(tmp_path, **PRIVATE) as server, server.client() as client:
        made = client.post("/generate-from-description", json=describe(webhook=receiver.url)).json()
        until(lambda: receiver.got)
        headers, body = receiver.got[0]
        song = verify_webhook(headers, body, secret_of(server))
        assert (song.id, song.status, song.finished) == (made["id"], "done", True)
        with pytest.raises(InvalidWebhook, match="no signature fits"):
            verify_webhook(headers, body.replace(b'"done"', b'"lost"'), secret_of(server))
        document: dict[str, Any] = httpx.get(f"{server.url}/openapi.json").json()
    content = document["webhooks"]["song-ended"]["post"]["requestBody"]["content"]["application/json"]
    schema = content["schema"] | {"components": document["components"]}
    Draft202012Validator(schema).validate(json.loads(body))


@pytest.mark.parametrize(
    "secret",
    [SECRET, "a secret of one's own", "whsec_" + "-_" * 16],
    ids=["made", "own", "of two characters"],
)
def test_every_secret_that_the_service_takes_is_taken(secret: str) -> None:
    assert verify_webhook(signed(secret), BODY, secret, now_s=NOW_S).title == "The Neon Rain"


def test_names_of_headers_may_be_written_in_any_case() -> None:
    headers = httpx.Headers({name.title(): value for name, value in signed().items()})
    assert verify_webhook(headers, BODY, SECRET, now_s=NOW_S)
    as_asgi_has_them = {name.encode(): value.encode() for name, value in signed().items()}
    assert verify_webhook(as_asgi_has_them | {b"accept": [b"*/*"]}, BODY, SECRET, now_s=NOW_S)


def test_one_right_signature_of_several_is_enough() -> None:
    headers = signed()
    other = signed("whsec_" + secrets.token_urlsafe(32))["webhook-signature"]
    headers["webhook-signature"] = f"v1a,xyz {other} {headers['webhook-signature']}"
    assert verify_webhook(headers, BODY, SECRET, now_s=NOW_S)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"webhook-id": ""}, "webhook-id is missing"),
        ({"webhook-id": None}, "webhook-id is missing"),
        ({"webhook-signature": ""}, "webhook-signature is missing"),
        ({"webhook-timestamp": "soon"}, "no time in seconds"),
        ({"webhook-timestamp": "٣"}, "no time in seconds"),
        ({"webhook-id": "msg_another"}, "no signature fits"),
        ({"webhook-timestamp": str(NOW_S + 1)}, "no signature fits"),
        ({"webhook-signature": "v1,"}, "no signature fits"),
        ({"webhook-signature": "v2,ü v1,ü"}, "no signature fits"),
        ({"webhook-id": "\udcff", "webhook-signature": "v1,\udcff"}, "no signature fits"),
    ],
)
def test_what_the_service_has_not_signed_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidWebhook, match=message):
        verify_webhook(signed() | change, BODY, SECRET, now_s=NOW_S)


@pytest.mark.parametrize(("late_s", "taken"), [(299, True), (301, False), (-299, True), (-301, False)])
def test_a_call_that_is_sent_again_later_by_another_is_refused(late_s: int, *, taken: bool) -> None:
    if taken:
        assert verify_webhook(signed(), BODY, SECRET, now_s=NOW_S + late_s)
        return
    with pytest.raises(InvalidWebhook, match="301 s"):
        verify_webhook(signed(), BODY, SECRET, now_s=NOW_S + late_s)


def test_what_is_signed_and_tells_of_no_song_is_refused() -> None:
    for body in (b"{}", b"[]", b"no JSON", b'{"song": {"id": 3}}'):
        with pytest.raises(InvalidWebhook, match="no song"):
            verify_webhook(signed(body=body), body, SECRET, now_s=NOW_S)


def test_mistakes_of_the_caller_are_named() -> None:
    with pytest.raises(InvalidArgument, match="bytes of the request"):
        verify_webhook(signed(), BODY.decode(), SECRET)  # type: ignore[arg-type]
    for headers in ([*signed().items()], {"webhook-id": ["msg_1"]}):
        with pytest.raises(InvalidArgument, match="headers"):
            verify_webhook(headers, BODY, SECRET)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="tolerance_s"):
        verify_webhook(signed(), BODY, SECRET, tolerance_s=float("nan"))
    for secret in ("", "whsec_", "whsec_not base64!"):
        with pytest.raises(InvalidArgument, match="secret"):
            verify_webhook(signed(), BODY, secret)
