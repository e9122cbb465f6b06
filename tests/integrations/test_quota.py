"""The quota of the edge function as the database keeps it: its migration in a real PostgreSQL.

What of Supabase the migration needs is made first: its roles, and ``auth.users``.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integrations.deno import SUPABASE
from tests.integrations.postgres import Postgres, postgres

BASE = """
create role anon; create role authenticated; create role service_role bypassrls;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
create schema auth;
create table auth.users (id uuid primary key);
"""
A, B = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
TABLE = "public.songwright_requests"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        migrations = "".join(path.read_text() for path in sorted((SUPABASE / "migrations").glob("*.sql")))
        running.sql(BASE + migrations)
        yield running


@pytest.fixture
def database(server: Postgres) -> Postgres:
    """With two users who have asked for nothing."""
    server.sql(f"delete from auth.users; insert into auth.users values ('{A}'), ('{B}');")
    return server


def take(database: Postgres, user: str, request: str, per_day: int = 3) -> dict[str, Any]:
    text = f"select public.songwright_take('{user}', '{request}', {per_day});"
    found: dict[str, Any] = json.loads(database.sql(text, "service_role"))
    return found


def give_back(database: Postgres, user: str, request: str) -> None:
    database.sql(f"select public.songwright_give_back('{user}', '{request}');", "service_role")


def rows(database: Postgres, user: str) -> int:
    return int(database.sql(f"select count(*) from {TABLE} where user_id = '{user}';"))


def test_each_user_has_so_many_and_a_request_that_comes_again_costs_nothing(database: Postgres) -> None:
    assert [take(database, A, f"r{number % 3}")["granted"] for number in range(6)] == [True] * 6
    refused = take(database, A, "r3")
    assert refused["granted"] is False
    assert 86_000 <= refused["wait_s"] <= 86_400
    assert take(database, B, "r3")["granted"] is True
    assert take(database, A, "r0")["granted"] is True


def test_what_is_given_back_can_be_taken_again_but_not_while_another_call_has_it(database: Postgres) -> None:
    for request in ("r0", "r1", "r2", "r2"):
        take(database, A, request)
    give_back(database, A, "r2")
    assert rows(database, A) == 3
    assert take(database, A, "r3")["granted"] is False
    give_back(database, A, "r2")
    assert take(database, A, "r3")["granted"] is True
    give_back(database, A, "never taken")
    assert rows(database, A) == 3


def test_after_a_day_there_are_new_ones(database: Postgres) -> None:
    for request in ("r0", "r1", "r2"):
        take(database, A, request)
    database.sql(f"update {TABLE} set taken_at = taken_at - interval '23 hours 59 minutes';")
    refused = take(database, A, "r3")
    assert refused["granted"] is False
    assert 1 <= refused["wait_s"] <= 60
    database.sql(f"update {TABLE} set taken_at = taken_at - interval '1 minute' where request = 'r0';")
    assert take(database, A, "r3")["granted"] is True
    assert rows(database, A) == 3


def test_one_request_cannot_be_sent_without_end(database: Postgres) -> None:
    answers = [take(database, A, "r0") for _ in range(22)]
    assert [answer["granted"] for answer in answers] == [True] * 20 + [False] * 2
    assert answers[-1]["repeated"] is True


def test_of_fifty_calls_at_once_no_more_are_granted_than_there_are(database: Postgres) -> None:
    script = database.folder / "take.sql"
    script.write_text(
        "\\set request random(1, 1000000000)\n"
        f"select public.songwright_take('{A}', ':request' || :client_id, 7);\n"
    )
    script.chmod(0o644)
    # All of them wait for the table, and are let go at one moment.
    held = f"begin; lock table {TABLE} in exclusive mode; select pg_sleep(1.5); commit;"
    with ThreadPoolExecutor(1) as beside:
        holding = beside.submit(database.sql, held)
        while "ExclusiveLock" not in database.sql(
            f"select mode from pg_locks where relation = '{TABLE}'::regclass;"
        ).split("\n"):
            assert not holding.done()
        result = database.run(
            "pgbench", "--no-vacuum", "--client=50", "--jobs=2", "--transactions=4", f"--file={script}"
        )
        holding.result()
    assert result.returncode == 0, result.stderr
    assert "number of transactions actually processed: 200/200" in result.stdout
    assert rows(database, A) == 7


@pytest.mark.parametrize("role", ["anon", "authenticated"])
@pytest.mark.parametrize(
    "text",
    [
        f"select public.songwright_take('{A}', 'r', 1000);",
        f"select public.songwright_give_back('{A}', 'r');",
        f"select * from {TABLE};",
        f"delete from {TABLE};",
        f"insert into {TABLE} (user_id, request) values ('{A}', 'r');",
    ],
)
def test_nobody_but_the_function_can_use_it(database: Postgres, role: str, text: str) -> None:
    with pytest.raises(RuntimeError, match="permission denied"):
        database.sql(text, role)


def test_a_user_who_goes_leaves_nothing(database: Postgres) -> None:
    take(database, A, "r")
    database.sql(f"delete from auth.users where id = '{A}';")
    assert rows(database, A) == 0
