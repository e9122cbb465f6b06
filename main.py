"""Songwright on Modal, from its images to its web function:  modal deploy main.py

Wiring only: what runs is ``orchestrator.modal``, what can be set ``orchestrator.modal.deployment.settings``.

    modal run main.py::prefetch --dry-run                        says how many gigabytes that fetches:
    modal run main.py::prefetch                                  the weights into their volumes, once
    modal run main.py --description "a slow waltz about the sea"   a song, saved here
    modal run main.py --prompt "jazzy piano solo" --duration 10    music without words
    modal run main.py::take_over                                 the bucket from another service
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from functools import cache, partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import modal

from config.errors import SongwrightError
from config.settings import load
from config.version import PACKAGES as OWN_PACKAGES
from orchestrator.modal.deployment import containers
from orchestrator.modal.deployment.cards import check_cards
from orchestrator.modal.deployment.images import IMAGES, MODEL, WEB, ImageSpec
from orchestrator.modal.deployment.pins import ROOT, pins, version_of
from orchestrator.modal.deployment.server import check_choices
from orchestrator.modal.deployment.settings import SECRET_KEYS, Deployment, environment, load_deployment
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use

try:
    SETTINGS = load_deployment()
    check_cards(SETTINGS)
    if modal.is_local():  # in a container, songs get the error: raised here, it would restart without end
        check_choices(SETTINGS)
except SongwrightError as error:
    raise SystemExit(str(error)) from error  # one line instead of the traceback that Modal's client shows
MODAL = SETTINGS.modal
ENGINES = {craft: str(getattr(SETTINGS, craft).engine) for craft in crafts_in_use(SETTINGS)}
SPECS = {craft: REGISTRIES[craft].spec(engine) for craft, engine in ENGINES.items()}
PACKAGES = [*OWN_PACKAGES, *filter(None, MODAL.packages.split(","))]
HOME = PurePosixPath("/") / "root"  # of Modal's containers

app = modal.App(MODAL.app)
secret = modal.Secret.from_name(MODAL.secret, required_keys=list(SECRET_KEYS))
chosen = modal.Secret.from_dict(dict(environment(SETTINGS)))  # the settings of the machine that deploys
# The modules in a function's memory snapshot, which its first call would import.
_SNAPSHOT = "SONGWRIGHT_SNAPSHOT"
for_songs = modal.Secret.from_dict({_SNAPSHOT: "orchestrator.modal.wiring,storage.r2"})
for_web = modal.Secret.from_dict({_SNAPSHOT: "orchestrator.server.api,orchestrator.modal.wiring,storage.r2"})
for module in filter(None, os.environ.get(_SNAPSHOT, "").split(",")):
    import_module(module)


# Images: one without models, and one for each family of engines. Only those of the chosen engines are built.
# Our own code is added when a container starts: a change builds nothing.


@cache
def image(spec: ImageSpec) -> modal.Image:
    slim = partial(modal.Image.debian_slim, python_version="3.11")
    base = modal.Image.from_registry(spec.base) if spec.base else slim()
    if modal.is_local():
        base = base.apt_install(*spec.system) if spec.system else base
        pinned = str(HOME / spec.constraints)
        base = base.add_local_file(ROOT / spec.constraints, pinned, copy=True)
        base = base.uv_pip_install(
            *pins(*spec.extras, constraints=spec.constraints),
            extra_options=f"--constraint={pinned} --build-constraint={pinned}",
            uv_version=version_of("uv"),  # make check-images resolves with this one
        )
    return base.add_local_python_source(*PACKAGES, ignore=["**/*.pyc"])


# AudioCraft uses the checkpoints of MusicGen, which the image of the other models fetches.
FETCHING = MODEL if any(spec.gpu for spec in SPECS.values()) else WEB
VOLUMES = {
    name: modal.Volume.from_name(name, create_if_missing=True)
    for name in sorted({spec.volume for spec in SPECS.values()} - {""})
}


# Engines: for each craft a class that holds the chosen one, on a GPU type of its own.

HOSTS: dict[str, Any] = {}  # by craft


def declared(host: type[Host]) -> Any:
    """Declares the Modal class of the chosen engine of its craft, if it has one."""
    craft = host.craft
    if craft not in ENGINES:
        return host
    settings, spec = getattr(SETTINGS, craft), SPECS[craft]
    batch_size = settings.together or spec.batch_size
    resources = spec.resources(settings.model, settings.precision)
    folder = f"{MODAL.weights}/{spec.volume}"
    env = {"HF_HOME": folder, "HF_HUB_OFFLINE": "1"}  # a GPU must not wait for the hub
    env["OMP_NUM_THREADS"] = f"{resources.cores:.0f}"  # the default is one for each core of the machine
    gpus = [*filter(None, settings.gpu.split(","))] if spec.gpu else []
    host = modal.concurrent(max_inputs=batch_size, target_inputs=batch_size)(host)
    HOSTS[craft] = app.cls(
        image=image(IMAGES[spec.image]),
        gpu=gpus if len(gpus) > 1 else next(iter(gpus), None),
        cpu=resources.cores,
        memory=resources.memory_mib,
        volumes={folder: VOLUMES[spec.volume]} if spec.volume else {},
        secrets=[secret, chosen, modal.Secret.from_dict(dict(env))],
        enable_memory_snapshot=True,
        scaledown_window=MODAL.scaledown_s,
        max_containers=MODAL.gpu_containers,
        timeout=int(SETTINGS.job_timeout_s),
        startup_timeout=MODAL.startup_s,
        retries=modal.Retries(max_retries=2, initial_delay=1.0),  # a step may be made again
    )(host)
    return HOSTS[craft]


class Host:
    """An engine in its container: in main memory before the snapshot, on the GPU after it."""

    craft: ClassVar[str]

    @modal.enter(snap=True)
    def load(self) -> None:
        from orchestrator.modal.engine_host import EngineHost

        self.host = EngineHost(SETTINGS, self.craft, ENGINES[self.craft])
        self.host.load()

    @modal.enter()
    def settle(self) -> None:
        self.host.settle(partial(load, Deployment))  # a secret may have changed since the snapshot

    @modal.method()
    async def step(self, name: str, song: str) -> tuple[str, Exception | None]:
        return await self.host.step(name, song, modal.current_function_call_id() or "")

    @modal.method()
    async def wake(self) -> str:
        return await self.host.wake()

    @modal.exit()
    def close(self) -> None:
        self.host.close()


@declared
class LyricsEngine(Host):
    craft = "lyrics"


@declared
class MusicEngine(Host):
    craft = "music"


@declared
class CoverEngine(Host):
    craft = "art"


@declared
class VisionEngine(Host):
    craft = "vision"  # it reads the photo that a song is made from


@declared
class ListeningEngine(Host):
    craft = "listening"  # it says which words of a song are heard, and when


@declared
class SeparationEngine(Host):
    craft = "separation"  # it takes songs apart


# The service: a song's own call, the web function, and commands that people run.


@cache
def service() -> Any:
    """The service; one for each container, with settings that may be newer than the snapshot's."""
    from orchestrator.modal.wiring import modal_service

    hosts = {craft: host() for craft, host in HOSTS.items()}
    kept = {"web": (web, MODAL.web_containers), "songs": (produce, 0)}
    return modal_service(load_deployment(), hosts, produce.spawn.aio, web.get_web_url.aio, kept)


@app.function(
    image=image(WEB),
    secrets=[secret, chosen, for_songs],
    enable_memory_snapshot=True,
    memory=containers.PRODUCE_MEMORY_MIB,
    nonpreemptible=True,  # else the running steps would go on without it, and be made again
    timeout=int(SETTINGS.job_timeout_s) + 600,
    scaledown_window=MODAL.scaledown_s,
    retries=modal.Retries(max_retries=5, initial_delay=1.0, max_delay=30.0),  # it goes on where it stopped
)
@modal.concurrent(max_inputs=containers.PRODUCE_TOGETHER)
async def produce(song_id: str, wakes: dict[str, str] | None = None) -> str:
    return str(await service().produce(song_id, wakes or {}))


@app.function(
    image=image(WEB),
    secrets=[secret, chosen, for_web],
    enable_memory_snapshot=True,
    min_containers=MODAL.web_containers,
    max_containers=1,
    scaledown_window=containers.WEB_IDLE_S,
    timeout=int(SETTINGS.job_timeout_s) + 600,
)
@modal.concurrent(max_inputs=containers.WEB_TOGETHER)
@modal.asgi_app()
def web() -> Any:
    from orchestrator.modal.deployment.address import AsAddressed
    from orchestrator.server.api import create_app

    return AsAddressed(create_app(load_deployment(), service=service().web), web.get_web_url.aio)


@app.function(
    image=image(WEB),
    secrets=[secret, chosen],
    nonpreemptible=True,  # else its caller would follow the song from the begin again
    timeout=int(SETTINGS.job_timeout_s) + 600,
)
async def order(brief: str, song_id: str) -> AsyncIterator[tuple[str, Any]]:
    async for event in service().order(brief, song_id):
        yield event


@app.function(
    image=image(WEB),
    secrets=[secret, chosen],
    schedule=modal.Cron(MODAL.warm, timezone=MODAL.timezone) if MODAL.warm else None,
    timeout=MODAL.startup_s + 60,
)
async def warm() -> None:
    await service().wake()


@app.function(
    image=image(WEB),
    secrets=[secret, chosen],
    schedule=modal.Period(minutes=containers.PATROL_EVERY_MIN),
    max_containers=1,
    scaledown_window=2,  # the next run needs nothing of it
    timeout=240,
)
async def patrol() -> None:
    await service().patrol()


@app.function(image=image(WEB), secrets=[secret, chosen], timeout=120)
async def take_over() -> None:
    await service().take_over()
    print("the bucket is this deployment's now")


@app.function(
    image=image(FETCHING),
    secrets=[secret, chosen],
    volumes={f"{MODAL.weights}/{name}": volume for name, volume in VOLUMES.items()},
    cpu=2.0,
    memory=4096,
    nonpreemptible=True,  # an hour of downloads
    timeout=4 * 3600,
)
def prefetch(dry_run: bool = False) -> None:  # noqa: FBT001, FBT002 - modal makes an option of it
    from orchestrator.modal.deployment.weights import count_weights, fetch_weights

    if dry_run:
        return count_weights(SETTINGS)
    for name in fetch_weights(SETTINGS):
        VOLUMES[name].commit()


@app.local_entrypoint()
def main(
    description: str = "",
    prompt: str = "",
    lyrics: str = "",
    about: str = "",
    instrumental: bool = False,  # noqa: FBT001, FBT002 - modal makes an option of it
    duration: float = 180.0,
    seed: int = -1,
    format: str = "wav",
    out: str = ".",
) -> None:
    from orchestrator.cli.modal_run import place_order, requested

    words = {"description": description, "prompt": prompt, "lyrics": lyrics, "about": about}
    request = requested(words, instrumental=instrumental, duration_s=duration, seed=seed, format=format)
    place_order(request, lyrics, Path(out), order.remote_gen)
