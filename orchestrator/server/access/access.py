"""What lets browsers into a service, beside the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.server.access.codes import Codes, HeldCodes, StoredCodes
from orchestrator.server.access.sessions import KeptSessions, Sessions, SignedSessions
from orchestrator.server.http.callers import WrongTokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.settings import Settings
    from storage.contract import Store

SESSIONS_FILE = "sessions.json"


@dataclass(frozen=True)
class Access:
    """The codes that open sessions, and the sessions."""

    codes: Codes
    sessions: Sessions
    wrong: WrongTokens
    """Counts who tries wrong tokens, codes and share links."""

    @staticmethod
    def of_machine(settings: Settings, folder: Path) -> Access:
        """Of a service on one machine: its private folder keeps the sessions over a restart. Raises
        ``StoreUnavailable`` if they cannot be read."""
        sessions = KeptSessions(folder / SESSIONS_FILE)
        return Access(HeldCodes(), sessions, WrongTokens(settings.wrong_tokens_per_minute))

    @staticmethod
    def of_containers(settings: Settings, store: Store, secret: Callable[[], bytes]) -> Access:
        """Of containers that share a bucket, and in it the key that ``secret`` returns."""
        wrong = WrongTokens(settings.wrong_tokens_per_minute)
        return Access(StoredCodes(store), SignedSessions(secret), wrong)
