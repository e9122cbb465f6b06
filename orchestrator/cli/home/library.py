"""The library that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.settings import Settings

if TYPE_CHECKING:
    from orchestrator.songs.library import Library


def open_library(settings: Settings) -> Library:
    """The songs in the store that ``settings`` name."""
    from orchestrator.songs.library import Library
    from storage.configured import index_table, open_store

    return Library(open_store(settings), index_table(settings))
