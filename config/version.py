"""Songwright's version: here, and not asked of the installed package, because on Modal there is none."""

from importlib.metadata import version

VERSION = "0.1.0"


def installed(*libraries: str) -> dict[str, str]:
    """The versions of Songwright and of ``libraries``, as installed here."""
    return {"songwright": VERSION, **{name: version(name) for name in libraries}}
