"""What an edge function finds of Supabase: who a token's user is, and the quota's two functions.

It checks no signatures: a user is whoever ``users`` has by their token. Its quota is that of the migration,
written again in Python; that of the migration itself is tested in PostgreSQL (test_quota.py).
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.loopback import in_a_thread

PUBLIC_KEY = "sb_publishable_of-these-tests"
SECRET_KEY = "sb_secret_of-these-tests"


def token_of(name: str) -> str:
    """An access token in the form of one."""
    return f"eyJhbGciOiJFUzI1NiJ9.{name}.c2lnbmF0dXJl"


@dataclass
class Supabase:
    """One that runs."""

    url: str = ""
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By access token."""
    taken: dict[tuple[str, str], int] = field(default_factory=dict)
    """Calls, by user and request."""
    failing: dict[str, int] = field(default_factory=dict)
    """By path, the status that is answered instead."""
    calls: list[str] = field(default_factory=list)

    def signed_in(self, name: str, **facts: Any) -> str:
        """The access token of a user of that name, new or not."""
        token = token_of(name)
        identity = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
        user = {"id": identity, "aud": "authenticated", "role": "authenticated", "is_anonymous": False}
        self.users[token] = user | facts
        return token

    @property
    def secrets(self) -> dict[str, str]:
        """What Supabase sets for a function."""
        return {
            "SUPABASE_URL": self.url,
            "SUPABASE_PUBLISHABLE_KEYS": json.dumps({"default": PUBLIC_KEY}),
            "SUPABASE_SECRET_KEYS": json.dumps({"default": SECRET_KEY}),
        }

    def take(self, of_user: str, of_request: str, per_day: int) -> dict[str, Any]:
        key = (of_user, of_request)
        used = sum(user == of_user for user, _ in self.taken)
        if key not in self.taken and used >= per_day:
            return {"granted": False, "wait_s": 4321}
        self.taken[key] = self.taken.get(key, 0) + 1
        return {"granted": True, "wait_s": 0}

    def give_back(self, of_user: str, of_request: str) -> None:
        key = (of_user, of_request)
        self.taken[key] -= 1
        if not self.taken[key]:
            del self.taken[key]


@contextmanager
def supabase() -> Iterator[Supabase]:
    base = Supabase()
    guard = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            base.calls.append(self.path)
            assert self.path == "/auth/v1/user"
            assert self.headers["apikey"] == PUBLIC_KEY
            user = base.users.get(self.headers["Authorization"].removeprefix("Bearer "))
            refusal = {"code": 403, "error_code": "bad_jwt", "msg": "invalid JWT"}
            self._answer(200 if user else 403, user or refusal)

        def do_POST(self) -> None:
            base.calls.append(self.path)
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["apikey"] == SECRET_KEY
            assert self.headers["Authorization"] is None  # which would have to be a JWT
            with guard:
                if self.path == "/rest/v1/rpc/songwright_take":
                    self._answer(200, base.take(**body))
                else:
                    assert self.path == "/rest/v1/rpc/songwright_give_back"
                    self._answer(204, base.give_back(**body))

        def _answer(self, status: int, body: Any) -> None:
            status = base.failing.get(self.path, status)
            data = b"" if status == 204 else json.dumps(body).encode()
            self.send_response_only(status)
            if data:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    base.url = f"http://127.0.0.1:{server.server_address[1]}"
    with in_a_thread(server):
        yield base
