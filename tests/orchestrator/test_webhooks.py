"""Delivery without a service around it: who may be called, how often, and what an answer may cost."""

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import standardwebhooks

from config.errors import Forbidden
from orchestrator.server.webhooks import post as posting
from orchestrator.server.webhooks.delivery import Webhooks, signature
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status, new_songs
from storage.local import LocalStore
from tests.service.receiver import Receiver, receiving, verified

NAME = "receiver.example"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def deliver(
    folder: Path, url: str, *, allow_private: bool = True, retries: tuple[float, ...] = (0.01, 0.01)
) -> Song:
    """The song's manifest once its delivery has come to an end."""
    library = Library(LocalStore(folder))
    song = new_songs(Brief(description="x"), webhook=url)[0].changed(status=Status.DONE)
    library.save(song)

    async def save(changed: Song) -> Song:
        return library.save(changed)

    hooks = Webhooks(
        SECRET,
        allow_private=allow_private,
        body=lambda _: asyncio.sleep(0, b"{}"),
        save=save,
        retry_after_s=retries,
    )
    hooks.send(song)
    hooks.send(song)  # asked twice, delivered once
    await hooks.flush(20)
    await hooks.close()
    return library.load(song.id)


def run(folder: Path, receiver: Receiver, host: str = "127.0.0.1", **options: bool) -> Song:
    return asyncio.run(deliver(folder, receiver.url.replace("127.0.0.1", host), **options))


def test_the_specifications_own_example_is_signed_alike() -> None:
    # From the test vectors of standardwebhooks.com.
    body = b'{"test": 2432232314}'
    headers = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        (SECRET, SECRET),
        ("whsec_-_8_-w", b"\xfb\xff\x3f\xfb"),  # the URL-safe alphabet, without padding
        ("any other text", b"any other text"),
    ],
)
def test_a_receiver_that_uses_the_specifications_library_takes_the_signature(
    secret: str, key: str | bytes
) -> None:
    body = '{"song": "Ein Lied über Regen 雨"}'.encode()
    headers = signature(secret, "msg_1", int(time.time()), body)
    receiver = standardwebhooks.Webhook(key)
    assert receiver.verify(body, headers) == {"song": "Ein Lied über Regen 雨"}
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        receiver.verify(body + b" ", headers)


def test_tries_stop_with_the_first_success(tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.answers = [500]
        hook = run(tmp_path, receiver).webhook
    assert hook
    assert hook.delivered_at
    assert hook.attempts == len(receiver.got) == 2
    for headers, body in receiver.got:
        assert verified(SECRET, headers, body) == {}


def test_tries_come_to_an_end_and_the_manifest_says_why(tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.answers = [503] * 9
        hook = run(tmp_path, receiver).webhook
    assert hook
    assert hook.given_up
    assert hook.attempts == len(receiver.got) == 3
    assert hook.error == "it answered 503"


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.answers = [302] * 9
        hook = run(tmp_path, receiver).webhook
    assert hook
    assert hook.error == "it answered 302"
    assert len(receiver.got) == 3


def test_an_answer_without_an_end_costs_nothing(tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.endless = True
        hook = asyncio.run(asyncio.wait_for(deliver(tmp_path, receiver.url), 5)).webhook
        receiver.endless = False
    assert hook
    assert hook.delivered_at


def test_a_private_address_is_not_called_even_if_it_was_let_through_before(tmp_path: Path) -> None:
    with receiving() as receiver:
        hook = run(tmp_path, receiver, allow_private=False).webhook
    assert hook
    assert not hook.delivered_at
    assert "private" in hook.error
    assert receiver.got == []


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives every name the addresses it is called with: only the names' own system is not real here."""

    def name(*addresses: str) -> None:
        monkeypatch.setattr(posting, "_looked_up", lambda _host: list(addresses))

    return name


def test_each_address_of_a_name_is_tried_in_turn(tmp_path: Path, named: Callable[..., None]) -> None:
    named("127.0.0.2", "127.0.0.1")  # nobody listens at the first
    with receiving() as receiver:
        hook = run(tmp_path, receiver, NAME).webhook
    assert hook
    assert hook.delivered_at
    assert hook.attempts == len(receiver.got) == 1


def test_an_address_that_swallows_the_call_leaves_time_for_the_next(
    tmp_path: Path, named: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    named("127.0.0.2", "127.0.0.1")
    monkeypatch.setattr(posting, "_CONNECT_S", 0.2)
    with receiving() as receiver, socket.socket() as full:
        full.bind(("127.0.0.2", receiver.server_port))
        full.listen(0)
        with socket.create_connection(full.getsockname(), timeout=5):  # the one for which there is room
            hook = run(tmp_path, receiver, NAME).webhook
    assert hook
    assert hook.attempts == len(receiver.got) == 1


def test_the_last_address_says_why_none_was_reached(tmp_path: Path, named: Callable[..., None]) -> None:
    named("127.0.0.3", "127.0.0.2")
    with receiving() as receiver:
        hook = run(tmp_path, receiver, NAME).webhook
    assert hook
    assert hook.given_up
    assert "127.0.0.2" in hook.error


def test_a_name_with_one_private_address_is_not_called_at_any(
    tmp_path: Path, named: Callable[..., None]
) -> None:
    named("93.184.215.14", "127.0.0.1")
    with receiving() as receiver:
        hook = run(tmp_path, receiver, NAME, allow_private=False).webhook
    assert hook
    assert "private" in hook.error
    assert receiver.got == []


@pytest.mark.parametrize(
    "host",
    (
        "127.0.0.1 localhost 0.0.0.0 10.1.2.3 172.16.0.1 192.168.0.1 100.64.0.1 169.254.169.254 224.0.0.1 "
        "255.255.255.255 2130706433 0x7f.1 [::1] [fe80::1] [fd00::1] [::ffff:127.0.0.1] "
        "[2002:7f00:1::] [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [::7f00:1] [fec0::1] "
        # set apart by IANA: for protocols, anycast to relays, documentation, benchmarks, segment routing
        "192.0.0.8 192.0.0.9 192.0.0.170 192.88.99.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 240.0.0.1 "
        "[::ffff:192.0.0.8] [2002:c000:8::] [64:ff9b::c000:8] [64:ff9b:1::1] [100::1] [2001::1] [2001:1::1] "
        "[2001:2::1] [2001:db8::1] [3fff::1] [5f00::1] [ff02::1]"
    ).split(),
)
def test_addresses_that_only_this_machine_can_reach_are_refused(host: str) -> None:
    async def check() -> None:
        hooks = Webhooks(
            SECRET,
            allow_private=False,
            body=lambda _: asyncio.sleep(0, b""),
            save=lambda song: asyncio.sleep(0, song),
        )
        await hooks.check(f"http://{host}/")

    with pytest.raises(Forbidden, match="private"):
        asyncio.run(check())


def test_a_public_address_passes() -> None:
    async def check() -> None:
        hooks = Webhooks(
            SECRET,
            allow_private=False,
            body=lambda _: asyncio.sleep(0, b""),
            save=lambda song: asyncio.sleep(0, song),
        )
        await hooks.check("https://93.184.215.14/hook")
        await hooks.check("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/hook")
        await hooks.check("https://no-such-name.invalid/hook")  # looked at again when it is called

    asyncio.run(check())
