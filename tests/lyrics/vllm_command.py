"""Stands for the command ``vllm`` where there is no GPU: it takes vLLM's own arguments and no others, and
runs llama.cpp's server over the GGUF weights of the model's folder. It does not check what vLLM makes of the
arguments. ``VLLM_PLAYS`` makes it fail instead: "ends" with vLLM's words, or "silent"."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

FAILED = """\
(APIServer pid=61) INFO 11-29 10:00:00 [utils.py:302] non-default args: {'max_model_len': 8192}
(EngineCore pid=75) ERROR 11-29 10:00:09 [core.py:1108] EngineCore failed to start.
(EngineCore pid=75) ERROR 11-29 10:00:09 [core.py:1108] ValueError: No available memory for the cache \
blocks. Try increasing `gpu_memory_utilization` when initializing the engine.
(APIServer pid=61) RuntimeError: Engine core initialization failed. See root cause above. \
Failed core proc(s): {}"""


def arguments() -> argparse.Namespace:
    """As ``vllm serve --help`` of 0.33 has them."""
    parser = argparse.ArgumentParser("vllm", allow_abbrev=False)
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    parser.add_argument("--served-model-name", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--max-model-len", type=int, required=True)
    parser.add_argument("--gpu-memory-utilization", type=float, required=True)
    parser.add_argument(
        "--dtype", choices=["auto", "bfloat16", "float", "float16", "float32", "half"], required=True
    )
    parser.add_argument("--load-format", choices=["auto", "safetensors"], required=True)
    parser.add_argument("--disable-uvicorn-access-log", action="store_true")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    worker = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"]
    )  # as its engine's process
    Path(given.model, "pids").write_text(f"{os.getpid()} {worker.pid}")
    plays = os.environ.get("VLLM_PLAYS", "")
    if plays == "ends":
        sys.exit(FAILED)
    if plays == "silent":
        print("Loading safetensors checkpoint shards: 0%", flush=True)
        time.sleep(600)
    import xllamacpp

    params = xllamacpp.CommonParams()
    (params.model.path,) = map(str, Path(given.model).glob("*.gguf"))
    params.model_alias = {given.served_model_name}
    params.hostnames, params.port = [given.host], given.port
    params.api_keys = [os.environ["VLLM_API_KEY"]]
    params.n_ctx, params.n_parallel = given.max_model_len, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main()
