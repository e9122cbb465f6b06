"""What was found out, line by line as it is found, and as one table at last."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

_WIDTHS = (18, 40, 44)  # of part, check and figure


@dataclass
class Finding:
    """One thing looked at. ``ok`` is None for a figure that has no limit."""

    part: str
    check: str
    figure: str = ""
    ok: bool | None = None
    seconds: float = 0.0
    """What the check took, its preparations included."""

    def __str__(self) -> str:
        verdict = {True: "ok", False: "FAILED", None: ""}[self.ok]
        part, check, figure = (
            text.ljust(width)
            for text, width in zip((self.part, self.check, self.figure), _WIDTHS, strict=True)
        )
        return f"{part} {check} {figure} {self.seconds:6.1f} s  {verdict}".rstrip()

    def as_json(self) -> str:
        return json.dumps(asdict(self))


class Findings:
    """Those of one ``part``. Each is handed to ``publish`` as soon as it is there."""

    def __init__(self, part: str, publish: Callable[[Finding], None]) -> None:
        self.part = part
        self._publish = publish

    @contextmanager
    def check(self, name: str) -> Iterator[Finding]:
        """A check, whose finding is filled in inside. An error in it is what was found, and the next check
        goes on: a card is lent for minutes, and all that can be learnt in them should be."""
        found = Finding(self.part, name)
        began = time.perf_counter()
        try:
            yield found
        except Exception as error:  # noqa: BLE001 - it becomes the finding
            first = str(error).strip().partition("\n")[0]
            found.figure, found.ok = f"{type(error).__name__}: {first}"[:160], False
        found.seconds = time.perf_counter() - began
        self._publish(replace(found))

    def skip(self, why: str) -> None:
        """The part could not be looked at, which is not the same as being right."""
        self._publish(Finding(self.part, "all", why, ok=False))


def table(findings: list[Finding]) -> str:
    """All of them, and how many failed."""
    head = Finding("part", "check", "figure")
    failed = sum(found.ok is False for found in findings)
    rows = [str(head).replace("0.0 s", "took"), "-" * (sum(_WIDTHS) + 20), *map(str, findings)]
    return "\n".join([*rows, "", f"{len(findings)} findings, {failed} failed"])
