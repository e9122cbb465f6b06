"""What ``songwright doctor`` says of one thing that it has looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``fix`` says what to do where it is not ``ok``."""

    subject: str
    ok: bool
    detail: str
    fix: str = ""
    wanted: bool = True
    """Whether it is set to be used."""
    more: str = ""
    """What only those want to know who ask for everything."""
