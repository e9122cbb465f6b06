"""Songwright on Modal, from its images to its web function:  modal deploy main.py

Wiring only. What runs in the containers is ``orchestrator.modal``; what can be set is
``orchestrator.modal.deployment.settings``.

    modal run main.py::prefetch --dry-run                        says how many gigabytes that fetches:
    modal run main.py::prefetch                                  the weights into their volumes, once
    modal run main.py --description "a slow waltz about the sea"   a song, saved here
    modal run main.py --prompt "jazzy piano solo" --duration 10    music without words
    modal run main.py::take_over                                 the bucket from another service
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import modal

from config.errors import SongwrightError
from config.settings import load
from orchestrator.modal.deployment.cards import check_cards, check_licence
from orchestrator.modal.deployment.images import IMAGES, MODEL, WEB, ImageSpec
from orchestrator.modal.deployment.pins import ROOT, pins, version_of
from orchestrator.modal.deployment.settings import SECRET_KEYS, Deployment, environment, load_deployment
from orchestrator.pipeline.engines import REGISTRIES

try:
    SETTINGS = load_deployment()
    check_cards(SETTINGS)
    if modal.is_local():  # a container tells the songs that it gets, and is not started again and again
        for craft in REGISTRIES:
            check_licence(SETTINGS, craft)
except SongwrightError as error:
    raise SystemExit(str(error)) from error  # one line, where Modal's client would show all the way to it
MODAL = SETTINGS.modal
ENGINES = {craft: str(getattr(SETTINGS, craft).engine) for craft in REGISTRIES}
SPECS = {craft: registry.spec(ENGINES[craft]) for craft, registry in REGISTRIES.items()}
PACKAGES = [
    *("config", "phonetics", "inference", "lyrics", "music", "art", "vision", "storage", "orchestrator"),
    *filter(None, MODAL.packages.split(",")),
]
HOME = PurePosixPath("/") / "root"  # of Modal's containers

app = modal.App(MODAL.app)
secret = modal.Secret.from_name(MODAL.secret, required_keys=list(SECRET_KEYS))
chosen = modal.Secret.from_dict(dict(environment(SETTINGS)))  # as set where this was deployed


# Images: one for what needs no model, one for each family of engines, so that AudioCraft's torch of 2023 and
# today's never meet. Only those of the chosen engines are built. Our own code is added when a container
# starts, so that changing it builds nothing.


@cache
def image(spec: ImageSpec) -> modal.Image:
    if spec.base:
        base = modal.Image.from_registry(spec.base)
    else:
        base = modal.Image.debian_slim(python_version="3.11")
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


# AudioCraft's checkpoints are those of MusicGen, and are fetched where the other models are.
FETCHING = MODEL if any(spec.gpu for spec in SPECS.values()) else WEB
VOLUMES = {
    name: modal.Volume.from_name(name, create_if_missing=True)
    for name in sorted({spec.volume for spec in SPECS.values()} - {""})
}


# Engines: a class each, on a GPU type of its own. Declared are the classes of the chosen engines.

HOSTS: dict[str, Any] = {}  # by craft
OWN_CLASSES = ("acestep", "musicgen", "audiocraft")  # of music, which each have one


def declared(host: type[Host]) -> Any:
    """Declares the class of an engine, if its craft has that engine."""
    craft, engine = host.craft, host.engine
    if engine != ENGINES[craft]:
        return host
    settings, spec = getattr(SETTINGS, craft), SPECS[craft]
    together = settings.together or spec.batch_size
    resources = spec.resources(settings.model, settings.precision)
    folder = f"{MODAL.weights}/{spec.volume}"
    env = {"HF_HOME": folder, "HF_HUB_OFFLINE": "1"}  # no GPU waits for the hub
    env["OMP_NUM_THREADS"] = f"{resources.cores:.0f}"  # not one for each core of the machine
    gpus = [gpu for gpu in settings.gpu.split(",") if gpu] if spec.gpu else []
    host = modal.concurrent(max_inputs=together, target_inputs=together)(host)
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
    """An engine in its container: in memory before the snapshot, on the GPU after it."""

    craft: ClassVar[str]
    engine: ClassVar[str]

    @modal.enter(snap=True)
    def load(self) -> None:
        from orchestrator.modal.engine_host import Station

        self.station = Station(SETTINGS, self.craft, self.engine)
        self.station.load()

    @modal.enter()
    def settle(self) -> None:
        self.station.settle(partial(load, Deployment))  # a secret may have changed since the snapshot

    @modal.method()
    async def step(self, name: str, song: str) -> tuple[str, Exception | None]:
        return await self.station.step(name, song, modal.current_function_call_id() or "")

    @modal.method()
    async def wake(self) -> str:
        return await self.station.wake()

    @modal.exit()
    def close(self) -> None:
        self.station.close()


@declared
class Lyricist(Host):
    craft, engine = "lyrics", ENGINES["lyrics"]


@declared
class AceStepMusician(Host):
    craft, engine = "music", "acestep"


@declared
class MusicgenMusician(Host):
    craft, engine = "music", "musicgen"


@declared
class AudiocraftMusician(Host):
    craft, engine = "music", "audiocraft"


@declared
class Musician(Host):
    """Any other engine: the embedded one, to see the rest at work for cents, or one of your own."""

    craft, engine = "music", "sketch" if ENGINES["music"] in OWN_CLASSES else ENGINES["music"]


@declared
class CoverArtist(Host):
    craft, engine = "art", ENGINES["art"]


@declared
class Seer(Host):
    """Reads the photo that a song is to be made from."""

    craft, engine = "vision", ENGINES["vision"]


# The service: a song's own call, the web function, and what people run by hand.


@cache
def service() -> Any:
    """One to a container."""
    from orchestrator.modal.service import ModalService

    hosts = {craft: host() for craft, host in HOSTS.items()}
    return ModalService(SETTINGS, hosts, produce.spawn.aio, web.get_web_url.aio)


@app.function(
    image=image(WEB),
    secrets=[secret, chosen],
    memory=2048,
    nonpreemptible=True,  # or the steps under way would go on without it, and be made again
    timeout=int(SETTINGS.job_timeout_s) + 600,
    scaledown_window=MODAL.scaledown_s,
    retries=modal.Retries(max_retries=5, initial_delay=1.0, max_delay=30.0),  # it goes on where it was
)
@modal.concurrent(max_inputs=20)
async def produce(song_id: str) -> str:
    status: str = await service().produce(song_id)
    return status


@app.function(
    image=image(WEB),
    secrets=[secret, chosen],
    min_containers=MODAL.web_containers,
    max_containers=1,
    scaledown_window=300,
    timeout=int(SETTINGS.job_timeout_s) + 600,
)
@modal.concurrent(max_inputs=500)
@modal.asgi_app()
def web() -> Any:
    from orchestrator.server.api import create_app

    return create_app(SETTINGS, service=service())


@app.function(
    image=image(WEB),
    secrets=[secret, chosen],
    nonpreemptible=True,  # its caller would begin to follow the song again
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
    schedule=modal.Period(minutes=5),
    max_containers=1,
    scaledown_window=2,  # nothing is kept for the next
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
    from orchestrator.cli.modal_run import place_order

    music_alone = bool(prompt) and not (description or lyrics or about)
    asked = {
        "description": description or prompt,
        "about": about,
        "instrumental": instrumental or music_alone,
        "cover": not music_alone,
        "duration_s": duration,
        "seed": seed,
        "format": format,
    }
    place_order(asked, lyrics, Path(out), order.remote_gen)
