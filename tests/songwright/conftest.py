"""Both clients before one server, the asynchronous one driven so that a test need not know which it has."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from songwright import AsyncClient, Client
from tests.orchestrator.test_cli import ROOT
from tests.page.engines import HOLD
from tests.service.server import TOKEN, Server, holding, serving

CLIENT = ROOT / "clients" / "python"
HELD = {"SONGWRIGHT_MUSIC__ENGINE": "tests.page.engines:HeldComposer"}
Connect = Callable[..., Any]


class _Awaited:
    """An ``AsyncClient`` whose methods are run to their end."""

    def __init__(self, client: AsyncClient, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            result = getattr(self._client, name)(*arguments, **named)
            return self._runner.run(result if inspect.isawaitable(result) else _all(result))

        return call


async def _all(items: Any) -> list[Any]:
    return [item async for item in items]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), **HELD) as running:
        yield running


@pytest.fixture
def held(server: Server) -> Iterator[Callable[[], None]]:
    """Holds every song at its half; call it to let them go."""
    with holding(server.home / HOLD) as let_go:
        yield let_go


@pytest.fixture(params=["blocking", "awaited"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes a client for an address, of either kind."""
    with asyncio.Runner() as runner:
        clients: list[Any] = []

        def make(url: str, token: str = TOKEN, **settings: Any) -> Any:
            if request.param == "blocking":
                clients.append(Client(url, token, **settings))
                return clients[-1]
            client = AsyncClient(url, token, **settings)
            clients.append(client)
            return _Awaited(client, runner)

        yield make
        for client in clients:
            if isinstance(client, AsyncClient):
                runner.run(client.aclose())
            else:
                client.close()
