"""The registries of the four crafts, by the craft's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from art.contract import PAINTERS
from config.registry import Registry
from lyrics.contract import WRITERS
from music.contract import COMPOSERS
from vision.contract import READERS

REGISTRIES: Mapping[str, Registry[Any]] = {
    "lyrics": WRITERS,
    "music": COMPOSERS,
    "art": PAINTERS,
    "vision": READERS,
}
