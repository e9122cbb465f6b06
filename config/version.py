"""Songwright's version. It is written here because on Modal there is no installed package to read it from."""

from importlib.metadata import version

VERSION = "0.1.0"
PACKAGES = (
    "config",
    "phonetics",
    "reading",
    "inference",
    "lyrics",
    "music",
    "art",
    "vision",
    "listening",
    "separation",
    "storage",
    "orchestrator",
)
"""The application's own packages, as an installation has them and Modal's containers get them."""


def installed(*libraries: str) -> dict[str, str]:
    """The versions of Songwright and of ``libraries``, as installed here."""
    return {"songwright": VERSION, **{name: version(name) for name in libraries}}
