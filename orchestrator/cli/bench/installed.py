"""The size on disk of an installation of Songwright: run as a file by the Python of that installation, it
prints the bytes. So it imports nothing of ours, which an older installation may not have."""

from __future__ import annotations

import json
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import unquote, urlparse


def installed_bytes() -> int:
    """Songwright with its base dependencies, theirs included, as far as they are installed."""
    known: dict[str, Distribution] = {}
    for found in distributions():  # in the order of the search path: the first is the one that is imported
        known.setdefault(_name(found.metadata["Name"]), found)
    wanted, seen = ["songwright"], set[str]()
    while wanted:
        name = wanted.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        wanted += [_name(line) for line in known[name].requires or () if "extra ==" not in line]
    files = (Path(str(path.locate())) for name in seen for path in known[name].files or ())
    sizes = (path.stat().st_size for path in files if path.is_file())
    return sum(sizes) + (_source_bytes(known["songwright"]) if "songwright" in seen else 0)


def _source_bytes(ours: Distribution) -> int:
    """Of an installation that uses the sources where they are (``pip install -e``): the size of those."""
    origin = json.loads(ours.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return 0
    folder = Path(unquote(urlparse(origin["url"]).path))
    packages = (ours.read_text("top_level.txt") or "").split()
    return sum(
        path.stat().st_size for name in packages for path in (folder / name).rglob("*") if path.is_file()
    )


def _name(requirement: str) -> str:
    """The normalised project name at the start of a requirement."""
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "._-")), len(requirement))
    return requirement[:end].lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    print(installed_bytes())
