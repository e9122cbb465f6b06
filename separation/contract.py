"""The contract of separators: ``SeparateRequest`` in, stems out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from config.engine import EngineInfo, Report
from config.registry import Registry
from config.spec import EngineSpec, Needs

if TYPE_CHECKING:  # the service knows contracts without arrays
    import numpy as np
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[np.float32]"
"""``(channels, samples)`` float32 in [-1, 1]."""


@dataclass(frozen=True, eq=False)
class SeparateRequest:
    """A song to take apart."""

    samples: Samples
    """The mix, ``(2, samples)``: one sample or more."""
    rate_hz: int
    """8,000 to 192,000."""


class Separator(Protocol):
    """An engine that takes songs apart. It is safe in threads."""

    info: EngineInfo

    def separate(self, request: SeparateRequest, report: Report) -> Mapping[str, Samples]:
        """The stems by name ("drums", "bass", "other", "vocals"), each as long as the mix, at its rate, and
        on the grid of 16 bits that stems are stored in. They add up to the mix: exactly if it is on that grid
        too, as songs in WAV and FLAC are, else within half of its step. Deterministic in the request. Raises
        ``InvalidRequest`` for invalid samples."""
        ...


# Its numbers in fp32, and beside them eight seconds of the song in every layer. In main memory: all stems of
# ten minutes, and CUDA's own libraries.
_WORK_GB, _MEMORY_GIB = 3.0, 8

SEPARATORS: Registry[Separator] = Registry(
    "separation",
    {
        "demucs": EngineSpec(
            "separation.demucs.engine:DemucsSeparator",
            models={
                "adefossez/HTDemucs": Needs("fp32", 0.042, work_gb=_WORK_GB, memory_gib=_MEMORY_GIB),
                "adefossez/HTDemucs-ft": Needs("fp32", 0.168, work_gb=_WORK_GB, memory_gib=_MEMORY_GIB),
                "adefossez/HTDemucs-6s": Needs("fp32", 0.028, work_gb=_WORK_GB, memory_gib=_MEMORY_GIB),
            },
            image="separation",
            volume="demucs-models",
            sellable="Demucs' own weights, such as adefossez/HTDemucs",
            install="install it: pip install 'songwright[demucs]'",
        ),
    },
    method="separate",
)
