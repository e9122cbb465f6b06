"""What songs cost on Modal, with all that is billed: the GPU, cores and memory of every container, while it
starts, works and waits, and the bucket. ``reckon`` makes each such sum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from config.gpus import CPU_USD_PER_CORE_S, MEMORY_USD_PER_GIB_S, choices_of

MONTH_S = 30 * 86_400.0

# R2's published prices (developers.cloudflare.com/r2/pricing), standard storage, without the free allowance.
# Reading out costs nothing but the operation.
STORAGE_USD_PER_GB_MONTH = 0.015
WRITE_USD = 4.50 / 1e6
READ_USD = 0.36 / 1e6

STORED_GB = 0.035
"""Of a song of three minutes: a WAV of 48 kHz in stereo, 16 bits, and its cover. Stems come on top."""
WRITES = 22
"""The most operations of class A for a song, which the two ``test_one_trip.py`` of ``tests/service`` and
``tests/modal`` allow."""
READS = 20
"""Operations of class B for a song."""


@dataclass(frozen=True)
class Container:
    """One kind of container on Modal: what a second of it is billed, and when it starts and ends."""

    name: str
    gpu: str = ""
    """As ``config.gpus`` writes it; of a list, the first type is counted."""
    cores: float = 0.125
    memory_gib: float = 0.25
    times: float = 1.0
    """What the price is multiplied with: 3 if the container is never preempted."""
    start_s: float = 0.0
    """A cold start, by estimate."""
    idle_s: float = 60.0
    """The seconds that it waits for a next song before it ends."""
    together: int = 1
    """How many songs it takes at once."""
    most: int | None = None
    """The most containers of this kind; None: any number."""

    @property
    def gpu_usd_per_s(self) -> float:
        choices = choices_of(self.gpu)
        return self.times * choices[0][0].usd_per_s * choices[0][1] if choices else 0.0

    @property
    def cpu_usd_per_s(self) -> float:
        return self.times * self.cores * CPU_USD_PER_CORE_S

    @property
    def memory_usd_per_s(self) -> float:
        return self.times * self.memory_gib * MEMORY_USD_PER_GIB_S

    @property
    def usd_per_s(self) -> float:
        return self.gpu_usd_per_s + self.cpu_usd_per_s + self.memory_usd_per_s


@dataclass(frozen=True)
class Use:
    """The billed seconds of all containers of one kind."""

    container: Container
    start_s: float
    work_s: float
    idle_s: float


@dataclass(frozen=True)
class Part:
    """One line of a reckoning: a kind of container. All figures are sums over the songs."""

    name: str
    gpu: str
    usd_per_s: float
    start_s: float
    work_s: float
    idle_s: float
    gpu_usd: float
    cpu_usd: float
    memory_usd: float
    start_usd: float
    """Of ``usd``, what the cold starts cost."""
    idle_usd: float
    """Of ``usd``, what the waiting costs."""
    usd: float


@dataclass(frozen=True)
class Reckoning:
    """What some songs cost, in parts."""

    songs: int
    span_s: float
    """From the first request to the end of the last song."""
    parts: tuple[Part, ...]
    operations_usd: float
    """Of the bucket, for writing and reading."""
    storage_usd: float
    """Of the bucket, for each month that the songs are kept."""
    usd: float
    """The sum, with one month of storage."""
    usd_a_song: float


def reckon(
    songs: int, span_s: float, uses: Iterable[Use], *, stored_gb: float = STORED_GB, in_bucket: bool = True
) -> Reckoning:
    """The cost of ``songs`` whose containers were billed ``uses``. ``stored_gb`` is what is kept of each;
    without ``in_bucket``, R2 costs nothing."""
    parts = tuple(map(_part, uses))
    operations = songs * (WRITES * WRITE_USD + READS * READ_USD) if in_bucket else 0.0
    storage = songs * stored_gb * STORAGE_USD_PER_GB_MONTH if in_bucket else 0.0
    usd = sum(part.usd for part in parts) + operations + storage
    return Reckoning(
        songs=songs,
        span_s=round(span_s, 1),
        parts=parts,
        operations_usd=round(operations, 6),
        storage_usd=round(storage, 6),
        usd=round(usd, 6),
        usd_a_song=round(usd / songs, 8) if songs else 0.0,
    )


def _part(use: Use) -> Part:
    container = use.container
    billed_s = use.start_s + use.work_s + use.idle_s
    return Part(
        name=container.name,
        gpu=container.gpu,
        usd_per_s=round(container.usd_per_s, 10),
        start_s=round(use.start_s, 3),
        work_s=round(use.work_s, 3),
        idle_s=round(use.idle_s, 3),
        gpu_usd=round(billed_s * container.gpu_usd_per_s, 8),
        cpu_usd=round(billed_s * container.cpu_usd_per_s, 8),
        memory_usd=round(billed_s * container.memory_usd_per_s, 8),
        start_usd=round(use.start_s * container.usd_per_s, 8),
        idle_usd=round(use.idle_s * container.usd_per_s, 8),
        usd=round(billed_s * container.usd_per_s, 8),
    )
