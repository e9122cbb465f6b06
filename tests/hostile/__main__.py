"""``python -m tests.hostile``: every attack, and then the table in docs/operations.md.

First those that may run beside each other, then those that measure milliseconds, alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hostile.figures import BESIDE, HERE, VARIABLE, Row, write


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.jsonl"
        environment = os.environ | {VARIABLE: str(figures)}
        command = [sys.executable, "-m", "pytest", str(HERE), *map(str, BESIDE), *sys.argv[1:]]
        beside = ("-n", "auto", "--dist", "loadfile", "-m", "not alone")
        code = 0
        if len(sys.argv) == 1:
            command.append(f"--ignore={HERE / 'test_figures.py'}")  # of the table that is yet to be written
        for how in (beside, ("-m", "alone")):
            code = code or subprocess.run([*command, *how], env=environment).returncode
        if code == 0 and len(sys.argv) == 1:
            write([Row(**json.loads(line)) for line in figures.read_text().splitlines()])
    return code


sys.exit(main())
