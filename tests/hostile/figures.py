"""What the attacks came to, for the table in docs/operations.md."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).parent
BESIDE = tuple(
    HERE.parent / name
    for name in ("service/test_sessions.py", "service/test_sharing.py", "page/test_session.py")
)
"""Tests elsewhere that attack too."""
DOCS = HERE.parent.parent / "docs" / "operations.md"
VARIABLE = "SONGWRIGHT_HOSTILE_FIGURES"
"""Names the file that ``resisted`` adds its rows to."""
BEGIN, END = "<!-- attacks: written by make test-hostile -->", "<!-- end of attacks -->"


@dataclass(frozen=True)
class Row:
    """One attack: what bounds it, and what was measured."""

    attack: str
    limit: str
    figure: str


def resisted(attack: str, *, limit: str, figure: str) -> None:
    """Keeps the row of an attack that the service has withstood: the last line of its test. ``attack`` is a
    literal, by which the table is held to be whole."""
    if path := os.environ.get(VARIABLE):
        with Path(path).open("a") as file:
            file.write(json.dumps(asdict(Row(attack, limit, figure))) + "\n")


def attacks() -> Iterator[str]:
    """Every attack that the suite's files name, in the order of files and lines."""
    for path in (*sorted(HERE.glob("test_*.py")), *BESIDE):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "resisted":
                attack = node.args[0]
                assert isinstance(attack, ast.Constant), f"{path.name}:{node.lineno}: not a literal"
                yield str(attack.value)


def table(rows: list[Row]) -> str:
    """The rows as Markdown, in the order of ``attacks``; of an attack with several rows all."""
    places = {attack: place for place, attack in enumerate(attacks())}
    rows = sorted(rows, key=lambda row: places[row.attack])
    lines = [f"| {row.attack} | {row.limit} | {row.figure} |" for row in rows]
    return "\n".join(["| attack | limit | measured |", "| --- | --- | --- |", *lines])


def written() -> str:
    """The table as docs/operations.md has it now."""
    return DOCS.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def write(rows: list[Row]) -> None:
    """Puts the table of ``rows`` into docs/operations.md, in place of the one that is there."""
    before, _, rest = DOCS.read_text().partition(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{rest.partition(END)[2]}")
