"""Deno, where ``make deno`` has put it: to run what is written in TypeScript as its users run it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SUPABASE = ROOT / "integrations" / "supabase"


def deno() -> list[str]:
    """The command; without it the test is skipped, but in CI it fails."""
    path = SUPABASE / "node_modules" / ".bin" / "deno"
    missing = ""
    if not path.exists():
        missing = "TypeScript is run with Deno, which is not here: make deno, which needs Node.js and npm"
    elif not shutil.which("node"):
        missing = "Deno's npm package is started by Node.js, which is not here: apt install nodejs"
    if missing:
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return [str(path)]


def environment(**variables: str) -> dict[str, str]:
    """With these variables, none of the service's, and nothing fetched: not even a newer version's number."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MODAL_API_URL", "API_BEARER_TOKEN", "ALLOWED_ORIGINS", "SONGS_PER_DAY")
        and not name.startswith("SUPABASE_")
        and not name.lower().endswith("_proxy")
    }
    return kept | {"DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"} | variables


def ran(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """One run of Deno to its end."""
    return subprocess.run(
        [*deno(), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
