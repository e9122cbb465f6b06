"""The genuine client's command line, in processes of its own that speak to the stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.modal.world import World


class CommandLine:
    world: World

    @property
    def client_env(self) -> dict[str, str]:
        """What makes the genuine client of another process speak to this control plane."""
        return {
            "MODAL_SERVER_URL": self.world.url,
            "MODAL_TOKEN_ID": "ak-tests",
            "MODAL_TOKEN_SECRET": "as-tests",
            "MODAL_CONFIG_PATH": "/dev/null",
            "MODAL_DISABLE_API_PROXY": "1",
        }

    def cli(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: float = 120.0,
    ) -> subprocess.CompletedProcess[str]:
        """``modal`` with these arguments. ``env`` comes over the tests' own environment; an empty value
        unsets.
        """
        return self.python("-m", "modal", *arguments, env=env, cwd=cwd, timeout_s=timeout_s)

    def python(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: float = 120.0,
    ) -> subprocess.CompletedProcess[str]:
        """A Python process whose Modal client speaks to this control plane."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
        merged = kept | {"TERM": "dumb", "COLUMNS": "200"} | self.client_env | dict(env or {})
        return subprocess.run(
            [sys.executable, *arguments],
            env={name: value for name, value in merged.items() if value},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def deploy(
        self, app: Path | str, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> str:
        """``modal deploy APP``; returns what it printed. Raises AssertionError with that where it failed."""
        return self._checked("deploy", str(app), *arguments, env=env, cwd=cwd)

    def run(
        self, app: Path | str, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> str:
        """``modal run APP[::FUNCTION]``; returns what it printed, logs too. Raises as ``deploy`` does."""
        return self._checked("run", str(app), *arguments, env=env, cwd=cwd)

    def _checked(self, *arguments: str, env: Mapping[str, str] | None, cwd: Path | None) -> str:
        result = self.cli(*arguments, env=env, cwd=cwd)
        assert result.returncode == 0, (
            f"modal {' '.join(arguments)} ended with {result.returncode}:\n{result.stdout}"
        )
        return result.stdout
