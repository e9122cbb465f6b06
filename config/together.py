"""How many songs each engine makes in one batch."""

_BATCHES = {"musicgen": 8, "acestep": 4, "qwen": 8, "qwen_vl": 4}


def together_of(engine: str, chosen: int = 0) -> int:
    """How many songs one process of ``engine`` works on together: as ``chosen``, or as many as its batch
    takes."""
    return chosen or _BATCHES.get(engine, 1)
