"""``Client`` and ``AsyncClient``: the same methods, one blocking, the other to be awaited.

``operations`` has the logic that both share, as flows (see ``songwright.effects``). ``blocking`` and
``asynchronous`` run these flows; ``transport`` translates between them and httpx. Several threads, or tasks,
may use one client at once.
"""

try:
    import httpx  # noqa: F401 - the modules below need it: what is missing is said once, here
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "the client needs httpx: pip install 'songwright[client]', or httpx alone", name=missing.name
    ) from missing

from songwright.client.asynchronous import AsyncClient
from songwright.client.blocking import Client
from songwright.client.operations import Photo

__all__ = ["AsyncClient", "Client", "Photo"]
