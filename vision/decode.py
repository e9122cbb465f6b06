"""``python -m vision.decode CPU_S MEMORY_BYTES``: a process that decodes photos, one after another, and
answers with the PNG to keep. See ``config.decoding.process``."""

from __future__ import annotations

import sys

from config.decoding.process import serve
from config.errors import InvalidRequest

MEMORY_BYTES = 1_500_000_000
"""Address space of the process: 50 million pixels with transparency take 1.1 GB."""
CPU_S = 10.0
"""CPU time of one photo: 50 million pixels take about 4 s."""


def main(cpu_s: float, memory_bytes: int) -> None:
    """Decodes until the input ends."""
    # Imported here because the service imports this module too, and does not need Pillow.
    from vision.photo import kept_photo

    fix = "decoding it takes too much memory: save it anew, with fewer pixels"
    serve(kept_photo, cpu_s, memory_bytes, InvalidRequest("image", "", fix))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
