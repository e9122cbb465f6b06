"""A small app with one of each thing that ours declares, for the tests of the stand-in."""

# No `from __future__ import annotations`: modal.parameter() needs the type itself, not its name.
import asyncio
import importlib.util
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import modal

WEIGHTS = os.environ["SAMPLE_WEIGHTS"]  # where the volume is mounted, here and in the containers

app = modal.App("sample")
progress = modal.Dict.from_name("sample-progress", create_if_missing=True)
weights = modal.Volume.from_name("sample-weights", create_if_missing=True)
secret = modal.Secret.from_name("sample-secret", required_keys=["SAMPLE_KEY"])
image = (
    modal.Image.debian_slim(python_version="3.11")
    .uv_pip_install("fastapi>=0.165", "no-such-package==1.0")
    .env({"SAMPLE_WEIGHTS": WEIGHTS, "SAMPLE": "of the image"})
    .add_local_python_source("phonetics", ignore=["**/*.pyc"])
)


@app.cls(
    image=image,
    gpu="L40S",
    volumes={WEIGHTS: weights},
    secrets=[secret],
    enable_memory_snapshot=True,
    scaledown_window=30,
    max_containers=2,
    timeout=60,
    startup_timeout=40,
)
@modal.concurrent(max_inputs=4, target_inputs=3)
class Model:
    size: str = modal.parameter(default="small")

    @modal.enter(snap=True)
    def load(self) -> None:
        self.steps = ["load", (Path(WEIGHTS) / "model.txt").read_text()]

    @modal.enter()
    def move(self) -> None:
        self.steps.append("move")

    @modal.exit()
    def leave(self) -> None:
        (Path(WEIGHTS) / "left.txt").write_text(self.size)

    @modal.method()
    async def plan(self, text: str) -> dict[str, Any]:
        return {"text": text.upper(), "size": self.size, "steps": self.steps, "pid": os.getpid()}

    @modal.method()
    async def count(self, number: int) -> AsyncIterator[int]:
        for each in range(number):
            yield each

    @modal.method()
    async def sleep(self, seconds: float) -> str:
        await progress.put.aio("asleep", modal.current_input_id())
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            await progress.put.aio("cancelled", modal.current_input_id())
            raise
        return modal.current_function_call_id() or ""


@app.function(image=image, max_containers=2)
def double(number: int) -> int:
    print("doubling", number)
    return 2 * number


@app.function(image=image, timeout=300)
def where() -> dict[str, Any]:
    """What a container sees."""
    import phonetics

    return {
        "phonetics": phonetics.__file__,
        "data": sorted(path.name for path in (Path(phonetics.__file__).parent / "data").iterdir()),
        "found": [name for name in ("orchestrator", "numpy", "fastapi") if importlib.util.find_spec(name)],
        "folder": sorted(path.name for path in Path.cwd().iterdir() if path.name != "__pycache__"),
        "env": {name: value for name, value in os.environ.items() if name.startswith("SAMPLE")},
        "path": sys.path,
    }


@app.function(image=image, retries=modal.Retries(max_retries=2, initial_delay=0.1))
def flaky(fails: int) -> int:
    tries = progress.get("tries", 0) + 1
    progress["tries"] = tries
    if tries <= fails:
        raise ValueError(f"try {tries} fails")
    return tries


@app.function(image=image)
async def produce(seconds: float) -> str:
    """A job over remote steps, that tells of its progress."""
    await progress.put.aio("stage", "plan")
    call = await Model().sleep.spawn.aio(seconds)
    result = await call.get.aio()
    await progress.put.aio("stage", "done")
    return f"{call.object_id} {result}"


@app.function(image=image, timeout=2)
async def endless() -> None:
    await asyncio.sleep(60)


@app.function(image=image)
def reverse(data: bytes) -> bytes:
    return data[::-1]


@app.function(image=image, schedule=modal.Period(hours=1))
def hourly() -> None:
    print("the hour")


@app.function(image=image, min_containers=1)
@modal.concurrent(max_inputs=20)
@modal.asgi_app()
def web() -> Any:
    from fastapi import FastAPI, Request
    from fastapi.responses import StreamingResponse

    api = FastAPI()

    @api.post("/plan")
    async def plan(request: Request, size: str = "small") -> dict[str, Any]:
        text = (await request.body()).decode()
        return await Model(size=size).plan.remote.aio(text[:100]) | {"length": len(text)}

    @api.post("/produce")
    async def start(seconds: float) -> str:
        return (await produce.spawn.aio(seconds)).object_id

    @api.get("/result/{call_id}")
    async def result(call_id: str) -> str:
        return await modal.FunctionCall.from_id(call_id).get.aio(timeout=20)

    @api.get("/slow")
    async def slow(seconds: float) -> dict[str, float]:
        await asyncio.sleep(seconds)
        return {"slept": seconds}

    @api.get("/events")
    async def events(number: int) -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            try:
                for each in range(number):
                    await asyncio.sleep(0.05)
                    yield f"data: {each}\n\n"
            except asyncio.CancelledError:
                print("the client has left")
                raise

        return StreamingResponse(lines(), media_type="text/event-stream")

    return api


@app.local_entrypoint()
def main(number: int = 1) -> None:
    print("result", double.remote(number))
    print("mapped", sorted(double.map([1, 2, 3])))
