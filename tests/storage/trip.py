"""What a song costs its bucket: said, and held to its bounds."""

from __future__ import annotations

from typing import Any

from tests.storage.rules import R2Rules


def went_up_once(
    song: dict[str, Any],
    rules: R2Rules,
    took_s: float,
    *,
    writes: int,
    manifests: int,
    more_bytes: float = 0.0,
) -> None:
    """``song`` is done, and has cost since ``rules.begin`` at most so many ``writes``, ``manifests`` of them
    of its manifest, no second trip of any file, and no refusal: no key was written twice within a second.
    ``more_bytes``: of records beside its files."""
    traffic, kept_bytes = rules.traffic, sum(asset["size_bytes"] for asset in song["assets"].values())
    print(
        f"{took_s:.1f} s, {song['timings_s']}; {traffic.writes.total()} writes, {traffic.lists} lists, "
        f"{traffic.reads} reads, {rules.polls(song['id'])} of them of the manifest, {traffic.deletions} "
        f"deletions; {traffic.bytes_up / 1e6:.1f} MB up, {kept_bytes / 1e6:.1f} kept; {dict(rules.seen)}\n"
        f"{dict(traffic.writes)}"
    )
    assert song["status"] == "done", song["error"]
    assert "tags" not in song["timings_s"]
    assert traffic.writes.total() <= writes
    assert rules.seen["429"] == 0
    assert traffic.bytes_up < 1.01 * kept_bytes + more_bytes
    assert traffic.writes["songs/ID/song.json"] <= manifests
