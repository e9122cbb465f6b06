"""The writer whose model vLLM runs: as ``qwen``, but for dozens of plans at once."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar, Self

from pydantic import SecretStr

from config.engine import EngineInfo, EngineOptions, Report, ServerOptions, ignore_progress
from config.errors import EngineUnavailable, WeightsMissing
from config.models import Licence, licence_of, refuse_unless_sellable
from config.spec import EngineSpec
from inference.devices import precision_of
from inference.hub import download_of, folder_of
from inference.weights import ModelName, model_name, revision_of
from lyrics.contract import WRITERS, PlanRequest, SongPlan
from lyrics.openai.client import ChatClient
from lyrics.openai.engine import OpenAIWriter
from lyrics.vllm.gpu import gpu_index, gpu_name, visible
from lyrics.vllm.server import VllmServer

_CONTEXT = 8192
"""Tokens of the longest prompt with its plan; vLLM refuses a longer one."""
_GPU_SHARE = 0.9
"""The part of the GPU's memory that vLLM takes at its start; it fills with weights and caches."""
_DTYPES: Mapping[str, str] = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
_OURS = ("SONGWRIGHT_", "R2_", "API_BEARER_TOKEN")
"""Settings and keys that vLLM has no use for."""


class VllmWriter:
    """vLLM's server runs in a process beside this one, on loopback and with a key that only the two know, and
    ends with it. Requests are not queued here: vLLM batches all that come.

    A seed gives the same plan only for a request that vLLM works on alone: in company it rounds otherwise."""

    name: ClassVar[str] = "vllm"
    spec: ClassVar[EngineSpec] = WRITERS.spec("vllm")
    on_gpu: ClassVar[str] = "bf16"

    def __init__(self, options: EngineOptions) -> None:
        """Starts the server, but not where ``options.staged`` is set: Modal's memory snapshot would have to
        hold the server and what it has on a GPU. ``move_to_gpu`` starts it after the snapshot.

        Raises ``InvalidRequest`` for options that make no sense, and ``EngineUnavailable`` where the command,
        the GPU or the weights are missing, or songs are sold and the licence forbids it."""
        self._place = _placed(options)
        self._options = options
        self._server: VllmServer | None = None
        self.info = _info(self._place)
        if not options.staged or options.device == "cpu":
            self._start(options.device)

    @classmethod
    def from_options(cls, options: EngineOptions) -> Self:
        """The engine while its server starts: the first plans wait for that."""
        return cls(options)

    @classmethod
    def check(cls, options: EngineOptions) -> EngineInfo:
        """The engine's facts. Starts and fetches nothing. Raises as ``__init__`` does; where weights are
        missing, with how much there is to fetch."""
        index = gpu_index(options.device)
        on = "cpu" if index is None else gpu_name(index)
        try:
            return replace(_info(_placed(options, fetch=False)), device=on)
        except WeightsMissing as error:
            size = download_of(options.model or cls.spec.default_model)
            raise WeightsMissing(error.what + (f": {size}" if size else ""), error.fix) from error

    def move_to_gpu(self) -> None:
        """Starts the server on the GPU, and returns when it takes requests. Raises ``EngineUnavailable`` if
        there is no GPU, or the server does not start."""
        self._start("cuda" if self._options.device == "auto" else self._options.device)
        assert self._server
        self._server.wait(ignore_progress)

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        """Raises as ``OpenAIWriter.plan``, and ``EngineUnavailable`` if the server ends; the next plan starts
        it again."""
        if self._server is None:
            raise EngineUnavailable("the model of engine 'vllm' is not on its GPU", "call move_to_gpu")
        self._server.wait(report)
        try:
            return self._writer.plan(request, report)
        except EngineUnavailable as error:
            if ended := self._server.ended():
                raise ended from error
            raise

    def close(self) -> None:
        """Ends the server."""
        if self._server:
            self._server.close()

    def _start(self, device: str) -> None:
        index = gpu_index(device)
        on = "cpu" if index is None else gpu_name(index)
        self.info = replace(self.info, device=on, summary=f"{self._place.summary} on {on}")
        port, key = _free_port(), secrets.token_urlsafe(24)
        served = ServerOptions(
            base_url=f"http://127.0.0.1:{port}",
            api_key=SecretStr(key),
            timeout_s=self._options.server.timeout_s,
            max_tokens=self._options.server.max_tokens,
            temperature=self._options.server.temperature,
        )
        model = self._place.model.name
        client = ChatClient(served, model, direct=True)

        def answers() -> bool:
            try:
                return model in client.models()
            except EngineUnavailable:
                return False

        self._writer = OpenAIWriter(EngineOptions(model=model, server=served), direct=True)
        self._server = VllmServer(
            self._place.command(port), _environment(key, None if index is None else visible(index)), answers
        )
        self._server.start()


@dataclass(frozen=True)
class _Place:
    """What the server runs, and with what."""

    program: str
    model: ModelName
    folder: Path
    licence: Licence
    precision: str

    @property
    def summary(self) -> str:
        return f"{self.model} in {self.precision} by vLLM"

    def command(self, port: int) -> list[str]:
        # By the folder, whose revision is known, vLLM asks no hub and fetches nothing.
        return [
            *(self.program, "serve", str(self.folder), "--served-model-name", self.model.name),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--max-model-len", str(_CONTEXT), "--gpu-memory-utilization", str(_GPU_SHARE)),
            *("--dtype", _DTYPES[self.precision], "--load-format", "safetensors"),
            "--disable-uvicorn-access-log",
        ]


def _placed(options: EngineOptions, *, fetch: bool = True) -> _Place:
    spec = VllmWriter.spec
    gpu_index(options.device)
    model = model_name(options.model or spec.default_model)
    licence = licence_of(model.name)
    if options.commercial:
        refuse_unless_sellable(str(model), licence, spec.sellable)
    precision = precision_of(options.precision, VllmWriter.on_gpu, tuple(_DTYPES))
    return _Place(_program(), model, folder_of(model, precision, fetch=fetch), licence, precision)


def _info(place: _Place) -> EngineInfo:
    return EngineInfo(
        name=VllmWriter.name,
        version="1",
        licence=place.licence.name,
        commercial=place.licence.commercial,
        summary=place.summary,
        model=place.model.name,
        revision=revision_of(place.folder),
        precision=place.precision,
        libraries=_libraries(),
    )


def _libraries() -> tuple[str, ...]:
    """vLLM, unless its command is from another environment."""
    try:
        version("vllm")
    except PackageNotFoundError:
        return ()
    return ("vllm",)


def _program() -> str:
    """The command ``vllm``: on the path, or beside this Python, whose environment need not be activated."""
    beside = str(Path(sys.executable).parent)
    if found := shutil.which("vllm") or shutil.which("vllm", path=beside):
        return found
    raise EngineUnavailable(
        "engine 'vllm' needs the command vllm, which is not here", VllmWriter.spec.install
    )


def _environment(key: str, devices: str | None) -> dict[str, str]:
    """The variables of vLLM's process. The key is none of its arguments, which anybody here can read."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    kept |= {"VLLM_API_KEY": key, "VLLM_NO_USAGE_STATS": "1", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    # FlashInfer's would be compiled at the first start, which takes minutes and CUDA's toolkit.
    kept.setdefault("VLLM_USE_FLASHINFER_SAMPLER", "0")
    return kept if devices is None else kept | {"CUDA_VISIBLE_DEVICES": devices}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
