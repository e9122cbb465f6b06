"""``python -m tests.hostile``: every attack, and then the table in docs/operations.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hostile.figures import HERE, VARIABLE, Row, write


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.jsonl"
        environment = os.environ | {VARIABLE: str(figures)}
        command = [sys.executable, "-m", "pytest", str(HERE), *sys.argv[1:]]
        code = subprocess.run(command, env=environment).returncode
        if code == 0 and len(sys.argv) == 1:
            write([Row(**json.loads(line)) for line in figures.read_text().splitlines()])
    return code


sys.exit(main())
