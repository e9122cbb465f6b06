"""One service for the clients of suno-api and of ACE-Step's server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compat.engines import ABLE
from tests.service.server import TOKEN, Server, serving

DAW = "https://daw.example"
OPEN = {
    "SONGWRIGHT_DOORS__WITHOUT_TOKEN": "true",
    "SONGWRIGHT_DOORS__RIGHTS": "licensed",
    "SONGWRIGHT_CORS_ORIGINS": DAW,
}


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It lets in who sends no token, as the services do that their clients know, but no page of any site."""
    with serving(tmp_path_factory.mktemp("opened"), **ABLE, **OPEN) as running:
        yield running
        logged = "\n".join(running.lines)
        assert TOKEN not in logged
        assert "signature" not in logged
