"""Which of Modal's errors are worth another try, and what becomes of a call that Modal has forgotten."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator

import aiohttp
import grpclib
import modal
import modal._grpc_client
import modal._utils.grpc_utils
import pytest

from config.errors import Unavailable
from orchestrator.modal import calls

AGAIN = {"ConnectionError", "InternalError", "ResourceExhaustedError", "ServiceError", "_Transient"}
"""Modal, or the way to it, has failed: the same request may succeed a little later."""
FINAL = {
    *("AlreadyExistsError", "AuthError", "ClientClosed", "ConflictError", "DataLossError"),
    *("DeserializationError", "ExecTimeoutError", "ExecutionError", "FunctionTimeoutError"),
    *("ImageBuildError", "InteractiveTimeoutError", "InternalFailure", "InvalidError", "LogsFetchError"),
    *("MountUploadTimeoutError", "NotFoundError", "OutputExpiredError", "PermissionDeniedError"),
    *("RemoteError", "RequestSizeError", "SandboxFilesystemDirectoryNotEmptyError"),
    *("SandboxFilesystemError", "SandboxFilesystemFileTooLargeError"),
    *("SandboxFilesystemIsADirectoryError", "SandboxFilesystemNotADirectoryError"),
    *("SandboxFilesystemNotFoundError", "SandboxFilesystemPathAlreadyExistsError"),
    *("SandboxFilesystemPermissionError", "SandboxTerminatedError", "SandboxTimeoutError"),
    *("SerializationError", "SnapshotCreationError", "TimeoutError", "UnimplementedError", "VersionError"),
    *("VolumeUploadTimeoutError", "WorkspaceManagementError"),
    # Of the client's own, which wrap what has been tried for as long as the client does.
    *("IdempotencyConflict", "LocalFunctionError", "RetryTimeoutError", "WrappedGRPCError"),
    "_Fenced",  # of a stream
}
"""The same request ends the same way, or is another's to make again."""


def tree(kind: type[Exception] = modal.exception.Error) -> Iterator[type[Exception]]:
    for below in kind.__subclasses__():
        if below.__module__.startswith("modal"):
            yield below
            yield from tree(below)


def of(kind: type[Exception]) -> Exception:
    error = kind.__new__(kind)
    Exception.__init__(error, "so it was")
    error._message = error._grpc_message = "so it was"  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    "kind", sorted(set(tree()), key=lambda kind: kind.__name__), ids=lambda k: k.__name__
)
def test_each_class_of_the_clients_errors_is_decided_on(kind: type[Exception]) -> None:
    assert kind.__name__ in AGAIN | FINAL, f"{kind} is new: is the same request to be made again?"
    assert calls.is_transient(of(kind)) == (kind.__name__ in AGAIN)


def test_the_tables_name_no_class_that_is_gone() -> None:
    assert {kind.__name__ for kind in tree()} == AGAIN | FINAL
    assert not AGAIN & FINAL


@pytest.mark.parametrize("status", grpclib.Status, ids=lambda status: status.name)
def test_an_error_that_the_client_did_not_translate_is_judged_by_its_status(status: grpclib.Status) -> None:
    if status is grpclib.Status.OK:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the client warns of whoever looks at a translated error's status
        raw = grpclib.GRPCError(status, "so it was")
        translated = modal._grpc_client.grpc_error_to_modal_exception(raw)
        assert (
            calls.is_transient(raw) == calls.is_transient(translated) == (type(translated).__name__ in AGAIN)
        )


@pytest.mark.parametrize(
    "error",
    [
        grpclib.exceptions.StreamTerminatedError(),
        ConnectionResetError(),
        aiohttp.ServerDisconnectedError(),
        TimeoutError(),
    ],
    ids=repr,
)
def test_a_broken_connection_passes(error: Exception) -> None:
    assert calls.is_transient(error)


def test_a_bug_of_ours_does_not_pass() -> None:
    assert not calls.is_transient(ValueError("ours"))


class Asked:
    """Answers after ``fails`` of its errors."""

    def __init__(self, error: Exception, fails: int = 100) -> None:
        self.error = error
        self.fails = fails
        self.tries = 0

    async def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self.fails:
            raise self.error
        return "an answer"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What ``retrying`` waited, without the waiting."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(calls.asyncio, "sleep", sleep)
    return waited


@pytest.mark.parametrize(
    "kind",
    [modal.exception.InvalidError, modal.exception.NotFoundError, modal.exception.AuthError],
)
def test_what_cannot_succeed_is_asked_once(kind: type[Exception], waits: list[float]) -> None:
    asked = Asked(kind("a bad argument"))
    with pytest.raises(kind, match="a bad argument"):
        asyncio.run(calls.retrying("a song", asked))
    assert asked.tries == 1
    assert not waits


def test_a_failing_network_is_asked_again_with_growing_waits(waits: list[float]) -> None:
    asked = Asked(modal.exception.ServiceError("unavailable"), fails=3)
    assert asyncio.run(calls.retrying("a song", asked)) == "an answer"
    assert asked.tries == 4
    assert waits[0] < waits[1] < waits[2]


def test_a_network_that_stays_away_is_told_of_in_half_a_minute(waits: list[float]) -> None:
    asked = Asked(modal.exception.ConnectionError("no route"))
    with pytest.raises(Unavailable, match="a song: Modal cannot be reached: no route - ask again"):
        asyncio.run(calls.retrying("a song", asked))
    assert asked.tries == 7
    assert sum(waits) < 30.0


def test_a_rate_limit_is_waited_for_longer_and_named(waits: list[float]) -> None:
    asked = Asked(modal.exception.ResourceExhaustedError("too many calls"))
    with pytest.raises(
        Unavailable, match="Modal takes no more for now: too many calls - ask again in a minute"
    ):
        asyncio.run(calls.retrying("a song", asked))
    assert asked.tries == 7
    assert min(waits) >= 0.7
    assert 40.0 < sum(waits) < 90.0
