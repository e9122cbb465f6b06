"""PostgreSQL, where Debian's package has put it: what Supabase runs migrations in."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@dataclass(frozen=True)
class Postgres:
    """A server that runs, on a socket in ``folder``."""

    folder: Path
    programs: str

    def run(self, program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """One of its programs, connected to it."""
        environment = os.environ | {
            "PGHOST": str(self.folder),
            "PGDATABASE": "postgres",
            "PGUSER": "postgres",
        }
        return subprocess.run(
            [shutil.which(program, path=self.programs) or program, *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
        )

    def sql(self, text: str, role: str = "") -> str:
        """What the statements answer. Raises ``RuntimeError`` with what the server says against them."""
        options = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
        result = self.run("psql", *options, text=(f"set role {role};\n" if role else "") + text)
        if result.returncode:
            raise RuntimeError(result.stderr)
        return result.stdout.strip()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Where it is not installed the test is skipped, and fails in CI."""
    programs = os.pathsep.join([*map(str, _FOLDERS), os.environ["PATH"]])
    if not all(shutil.which(program, path=programs) for program in ("initdb", "pg_ctl", "psql", "pgbench")):
        missing = "the quota is tested in PostgreSQL, which is not here: apt install postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        user = None
        if os.geteuid() == 0:  # the server refuses to run as root
            user = "nobody"
            shutil.chown(folder, user)
        folder.chmod(0o755)
        data, log = folder / "data", folder / "log"

        def owned(program: str, *arguments: str) -> None:
            path = shutil.which(program, path=programs)
            assert path
            result = subprocess.run(
                [path, *arguments],
                user=user,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
            )
            assert result.returncode == 0, result.stderr + (log.read_text() if log.exists() else "")

        owned("initdb", f"--pgdata={data}", "--username=postgres", "--auth=trust", "--no-sync", "--locale=C")
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=60"
        owned("pg_ctl", "start", "--wait", f"--pgdata={data}", f"--log={log}", f"--options={options}")
        try:
            yield Postgres(folder, programs)
        finally:
            owned("pg_ctl", "stop", "--wait", "--mode=immediate", f"--pgdata={data}")
