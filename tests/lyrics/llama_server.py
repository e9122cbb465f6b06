"""llama.cpp's own server, from the package ``xllamacpp``, over SmolLM2's real weights:
``python -m tests.lyrics.llama_server weights.gguf`` prints its address and serves until it is ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

KEY = "sesame-0123456789"
CONTEXT = 2048


def serve(weights: str) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], 0, [KEY]
    # Else the second of two equal prompts is computed in other pieces, which rounds differently.
    params.cache_prompt = False
    params.n_parallel = 2
    params.n_ctx = CONTEXT * params.n_parallel
    # Its threads spin while they wait for each other: more than there are idle cores take many times as long.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()


@contextmanager
def serving(weights: Path, log: Path) -> Iterator[str]:
    """The address of a server in a process of its own. Skips where the package has no wheel; on a CI machine
    it fails."""
    if find_spec("xllamacpp") is None:
        missing = "xllamacpp is not installed: pip install -e '.[dev]' has it for Linux on x86-64"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    command = [sys.executable, "-m", "tests.lyrics.llama_server", str(weights)]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=Path(__file__).parents[2]
        ) as process,
    ):
        assert process.stdout
        try:
            address = next((line.strip() for line in process.stdout if line.startswith("http://")), "")
            assert address, log.read_text()[-2000:]
            yield address
        finally:
            process.kill()


if __name__ == "__main__":
    serve(sys.argv[1])
