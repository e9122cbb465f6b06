from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from config.engine import ignore_progress
from config.errors import EngineUnavailable
from music.sketch import production
from music.sketch.instruments import RATE_HZ
from music.stems import blank, first_rows, put_aside
from tests.music.scores import small_score


def resident_kb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def test_what_is_put_aside_keeps_its_values_and_leaves_memory() -> None:
    stem = blank(3, 10_000_000, in_file=True)
    assert not stem[:, ::4096].any()
    stem[:] = 0.25
    before = resident_kb()
    put_aside(stem)
    assert before - resident_kb() > 100_000
    assert float(stem.min()) == float(stem.max()) == 0.25


def test_a_stem_in_memory_stays_there() -> None:
    stem = blank(3, 1000, in_file=False)
    stem[:] = 0.5
    put_aside(stem)
    assert float(stem.min()) == 0.5


@pytest.mark.parametrize("in_file", [False, True])
def test_the_first_rows_are_without_the_others(*, in_file: bool) -> None:
    stem = blank(3, 5000, in_file=in_file)
    stem += np.arange(3, dtype=np.float32)[:, np.newaxis]
    rows = first_rows(stem, 2)
    assert rows.shape == (2, 5000)
    assert rows[:, 17].tolist() == [0.0, 1.0]
    put_aside(rows)
    assert rows[:, 17].tolist() == [0.0, 1.0]


def test_no_file_is_left_and_none_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    stem = blank(2, 100_000, in_file=True)
    assert list(tmp_path.iterdir()) == []
    del stem
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_full_disk_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(EngineUnavailable, match=r"stem: .*No space left.*TMPDIR"):
        blank(3, 26_460_000, in_file=True)


def test_a_song_in_files_is_the_same_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    def song() -> list[bytes]:
        made = production.produce(small_score(12.0), 12 * RATE_HZ, seed=1, report=ignore_progress)
        return [made.samples.tobytes(), *(made.stems[name].tobytes() for name in made.stems)]

    in_memory = song()
    monkeypatch.setattr(production, "MOST_BYTES", 0)
    sizes: list[int] = []
    room = os.posix_fallocate

    def counted(file: int, start: int, size: int) -> None:
        sizes.append(size)
        room(file, start, size)

    monkeypatch.setattr(os, "posix_fallocate", counted)
    assert song() == in_memory
    assert sizes == [3 * 4 * 12 * RATE_HZ] * (len(in_memory) - 1)
