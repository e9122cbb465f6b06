"""One service for the tests of the published clients, whichever of them run in this process."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.service.server import Server, serving

EARLY = {"SONGWRIGHT_MUSIC__ENGINE": "tests.orchestrator.early:EarlyComposer"}
_running: list[Server] = []


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The service. Modules that import this fixture share it: it ends with the session."""
    if not _running:
        stack = ExitStack()
        _running.append(stack.enter_context(serving(tmp_path_factory.mktemp("doors"), **EARLY)))
        request.config.add_cleanup(stack.close)
    return _running[0]
