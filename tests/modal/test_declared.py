"""What ``modal deploy main.py`` declares: GPUs, images, volumes, secrets, limits, files."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import InvalidRequest
from config.gpus import GPUS
from config.settings import load
from orchestrator.modal.deployment.address import AsAddressed, Receive, Scope, Send
from orchestrator.modal.deployment.pins import version_of
from orchestrator.modal.deployment.settings import SECRET_KEYS, Deployment
from tests.modal.control import Control
from tests.modal.deployed import ROOT, SKETCH
from tests.modal.rootfs import HOME
from tests.specs import VOLUMES
from tests.test_architecture import OURS

ENGINES = {
    "LyricsEngine.*": ("A10", "qwen-hf-cache", 8, 24),
    "MusicEngine.*": ("L40S", "ace-step-models", 4, 20),
    "CoverEngine.*": ("L4", "sdxl-turbo-models", 1, 12),
    "VisionEngine.*": ("A10", "qwen-hf-cache", 4, 24),
}
"""With nothing set: the GPU, the volume, how many songs together, GiB of memory."""
FUNCTIONS = {"order", "patrol", "take_over", "prefetch", "produce", "warm", "web"}
PACKAGES = set(OURS) - {"songwright", "main"}
SECRET = {"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}


@pytest.fixture(scope="module")
def control() -> Iterator[Control]:
    """With nothing set: the defaults of a deployment."""
    with Control(secrets=SECRET) as control:
        began = time.monotonic()
        control.deploy(ROOT / "main.py", cwd=ROOT)
        took_s = time.monotonic() - began
        assert took_s < 10.0, f"modal deploy took {took_s:.1f} s"
        yield control


@pytest.mark.parametrize("name", ENGINES)
def test_each_engine_has_a_class_on_a_gpu_of_its_own(control: Control, name: str) -> None:
    gpu, volume, together, memory_gib = ENGINES[name]
    declared = control.functions[name]
    assert declared.gpu == gpu
    assert {path: mounted.name for path, mounted in declared.volumes.items()} == {
        f"/weights/{volume}": volume
    }
    assert declared.snapshot
    assert declared.max_inputs == declared.target_inputs == (together if together > 1 else 1)
    assert declared.max_containers == 4
    assert declared.min_containers in (0, None)
    assert declared.scaledown_window_s == 60
    assert declared.startup_timeout_s == 900
    assert declared.timeout_s == 3600
    assert declared.retries == 2
    assert set(declared.methods) == {"step", "wake"}
    resources = declared.definition.resources
    assert (resources.milli_cpu, resources.memory_mb) == (4000, memory_gib * 1024)
    (threads,) = [secret.env["OMP_NUM_THREADS"] for secret in declared.secrets if "HF_HOME" in secret.env]
    assert int(threads) * 1000 == resources.milli_cpu
    assert not declared.definition.scheduler_placement.nonpreemptible  # which Modal has for no GPU


def test_the_lyricist_and_the_artist_are_on_cheaper_gpus_than_the_musician(control: Control) -> None:
    dear = GPUS[control.functions["MusicEngine.*"].gpu].usd_per_s
    for name in ("LyricsEngine.*", "CoverEngine.*"):
        assert GPUS[control.functions[name].gpu].usd_per_s < dear


def test_the_defaults_declare_their_own_classes_and_two_images(control: Control) -> None:
    assert control.functions.keys() == ENGINES.keys() | FUNCTIONS
    assert len({function.image.id for function in control.functions.values()}) == 2


def test_the_embedded_engines_take_one_image_and_neither_gpu_nor_volume() -> None:
    with Control(secrets=SECRET) as control:
        control.deploy(ROOT / "main.py", env=SKETCH, cwd=ROOT)
        functions = control.functions
        assert functions.keys() == ENGINES.keys() | FUNCTIONS
        assert len({function.image.id for function in functions.values()}) == 1
        built = {layer.id for function in functions.values() for layer in function.image.layers}
        assert control.world.images.keys() == built  # none that no function has
        assert not [name for name, function in functions.items() if function.gpu or function.volumes]
        assert not control.world.volumes
        resources = functions["MusicEngine.*"].definition.resources
        assert (resources.milli_cpu, resources.memory_mb) == (1000, 2048)


@pytest.mark.parametrize(
    ("engine", "model", "name", "volumes", "memory_gib"),
    [
        ("musicgen", "", "MusicEngine.*", {"musicgen-models"}, 8),
        ("musicgen", "facebook/musicgen-large@refs/pr/18", "MusicEngine.*", {"musicgen-models"}, 24),
        ("musicgen_melody", "facebook/musicgen-stereo-melody", "MusicEngine.*", {"musicgen-models"}, 16),
        ("audiocraft", "facebook/musicgen-medium", "MusicEngine.*", {"musicgen-models"}, 16),
        ("mine.engine:Composer", "", "MusicEngine.*", set(), 16),
    ],
)
def test_what_is_chosen_is_what_is_declared(
    engine: str, model: str, name: str, volumes: set[str], memory_gib: int
) -> None:
    env = {**SKETCH, "SONGWRIGHT_MUSIC__ENGINE": engine, "SONGWRIGHT_MUSIC__MODEL": model}
    with Control(secrets=SECRET) as control:
        control.deploy(ROOT / "main.py", env=env, cwd=ROOT)
        functions = control.functions
        assert functions.keys() == ENGINES.keys() | FUNCTIONS
        assert {each for each, function in functions.items() if function.gpu} == {name}
        assert functions[name].definition.resources.memory_mb == memory_gib * 1024
        for each in (name, "prefetch"):
            assert {mounted.name for mounted in functions[each].volumes.values()} == volumes
        assert set(control.world.names) & {("volume", each) for each in VOLUMES} == {
            ("volume", each) for each in volumes
        }
        assert "huggingface-hub" in functions["prefetch"].image.packages


def test_audiocraft_is_built_on_the_debian_whose_ffmpeg_its_pyav_compiles_with() -> None:
    env = {**SKETCH, "SONGWRIGHT_MUSIC__ENGINE": "audiocraft"}
    with Control(secrets=SECRET) as control:
        control.deploy(ROOT / "main.py", env=env, cwd=ROOT)
        lines = control.functions["MusicEngine.*"].image.commands
        assert lines[0] == "FROM python:3.11-slim-bookworm"
        (system,) = [line for line in lines if "apt-get install" in line and "libavformat-dev" in line]
        assert {"gcc", "pkg-config"} <= set(system.split())
        (install,) = [line for line in lines if "--build-constraint=" in line]
        assert lines.index(system) < lines.index(install)


def test_those_who_follow_songs_leave_room_for_other_requests(control: Control) -> None:
    assert Deployment().listener_limit * 2 <= control.functions["web"].max_inputs


def test_requests_have_the_scheme_of_the_web_function_whatever_modal_passes_on() -> None:
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["scheme"])

    async def ask(url: str | None) -> None:
        async def web_url() -> str | None:
            return url

        scope: Scope = {"type": "http", "scheme": "http"}
        await AsAddressed(app, web_url)(scope, None, None)  # type: ignore[arg-type]

    for url in ("https://me--songwright-web.modal.run", "http://127.0.0.1:1", None):
        asyncio.run(ask(url))
    assert seen == ["https", "http", "http"]


def test_who_has_kernels_to_compile_has_a_compiler(control: Control) -> None:
    """Triton builds a kernel's launcher with one where it first runs, or MusicGen reads every slot whole."""
    for name in ENGINES:
        lines = control.functions[name].image.commands
        installed = {word for line in lines if "apt-get install" in line for word in line.split()}
        assert {"gcc", "libc6-dev"} <= installed, name


def test_packages_are_installed_by_the_uv_that_the_check_resolves_with(control: Control) -> None:
    for name, function in control.functions.items():
        assert any(
            line.startswith("COPY --from=") and f"/uv:{version_of('uv')} " in line
            for line in function.image.commands
        ), name


def test_long_calls_without_a_gpu_are_not_preempted(control: Control) -> None:
    kept = {
        name
        for name, function in control.functions.items()
        if function.definition.scheduler_placement.nonpreemptible
    }
    assert kept == {"produce", "order", "prefetch"}


def test_images_hold_exact_versions_and_never_mix_the_two_torches(control: Control) -> None:
    for name, function in control.functions.items():
        packages = function.image.packages
        assert packages
        assert all(version.startswith("==") for version in packages.values()), name
        assert packages["boto3"] == "==1.44.5"
    with Control(secrets=SECRET) as other:
        other.deploy(ROOT / "main.py", env={**SKETCH, "SONGWRIGHT_MUSIC__ENGINE": "audiocraft"}, cwd=ROOT)
        old = other.functions["MusicEngine.*"].image.packages
    new = control.functions["MusicEngine.*"].image.packages
    assert (old["torch"], old["audiocraft"]) == ("==2.1.0", "==1.3.0")
    assert new["torch"] == "==2.13.0"
    assert "diffusers" in new
    assert not {"diffusers", "xgrammar"} & old.keys()
    assert "audiocraft" not in new
    web = control.functions["web"].image.packages
    assert "fastapi" in web
    assert not {"torch", "transformers", "diffusers"} & web.keys()


def test_weights_are_read_from_the_volume_and_never_fetched_by_a_gpu(control: Control) -> None:
    for name, (_, volume, *_) in ENGINES.items():
        env = {key: value for secret in control.functions[name].secrets for key, value in secret.env.items()}
        assert env["HF_HOME"] == f"/weights/{volume}"
        assert env["HF_HUB_OFFLINE"] == "1"
    fetch = control.functions["prefetch"]
    assert fetch.gpu is None
    assert {mounted.name for mounted in fetch.volumes.values()} == {
        volume for _, volume, *_ in ENGINES.values()
    }
    assert not any("HF_HUB_OFFLINE" in secret.env for secret in fetch.secrets)


def test_every_function_that_needs_them_has_the_secrets_of_the_seeds(control: Control) -> None:
    for name, function in control.functions.items():
        found = [secret for secret in function.secrets if secret.name == "music-gen-secret"]
        assert len(found) == 1, name
        assert set(found[0].required_keys) == set(SECRET_KEYS)


def test_the_web_function_and_the_jobs(control: Control) -> None:
    web, produce, warm = (control.functions[name] for name in ("web", "produce", "warm"))
    assert web.web == "asgi_app"
    assert web.web_url.startswith("http")
    assert web.max_containers == 1  # an idempotency key is claimed in one process
    assert web.max_inputs == 500
    assert web.snapshot
    assert produce.snapshot
    assert web.gpu is produce.gpu is warm.gpu is control.functions["patrol"].gpu is None
    assert produce.retries == 5
    assert produce.max_inputs == 20
    assert produce.timeout_s > 3600  # a song's own limit ends it first
    assert warm.schedule is None


def test_what_is_set_reaches_the_declaration_and_the_containers() -> None:
    env = {
        "SONGWRIGHT_MUSIC__GPU": "L40S,A100",
        "SONGWRIGHT_MUSIC__ENGINE": "musicgen",
        "SONGWRIGHT_LYRICS__GPU": "L4",
        "SONGWRIGHT_MODAL__WARM": "*/5 8-20 * * 1-5",
        "SONGWRIGHT_MODAL__TIMEZONE": "Europe/Berlin",
        "SONGWRIGHT_MODAL__SCALEDOWN_S": "300",
        "SONGWRIGHT_MODAL__GPU_CONTAINERS": "9",
        "SONGWRIGHT_MODAL__WEB_CONTAINERS": "1",
        "SONGWRIGHT_MODAL__SECRET": "another-secret",
        "R2_SECRET_ACCESS_KEY": "of this machine",
        "SONGWRIGHT_WEBHOOKS__SECRET": "of this machine too",
    }
    with Control(secrets={"another-secret": dict.fromkeys(SECRET_KEYS, "x")}) as control:
        control.deploy(ROOT / "main.py", env=env, cwd=ROOT)
        functions = control.functions
        assert functions["LyricsEngine.*"].gpu == "L4"
        assert functions["MusicEngine.*"].gpu == ("L40S", "A100")
        assert functions["MusicEngine.*"].scaledown_window_s == 300
        assert functions["MusicEngine.*"].max_containers == 9
        assert functions["web"].min_containers == 1
        assert functions["warm"].schedule == "Cron('*/5 8-20 * * 1-5', Europe/Berlin)"
        (given,) = [secret.env for secret in functions["order"].secrets if not secret.name]
        assert given["SONGWRIGHT_MUSIC__ENGINE"] == "musicgen"
        assert not {"R2_SECRET_ACCESS_KEY", "SONGWRIGHT_WEBHOOKS__SECRET", "API_BEARER_TOKEN"} & given.keys()


def test_all_that_containers_read_is_uploaded(control: Control) -> None:
    """Every file of ours that git knows below the packages; what else may be needed is in the images."""
    packages = (
        "config",
        "phonetics",
        "reading",
        "models",
        "lyrics",
        "music",
        "art",
        "vision",
        "storage",
        "orchestrator",
    )
    known = subprocess.run(
        ["git", "ls-files", *packages], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert any(path.endswith(".woff") for path in known)
    assert any(path.endswith("index.html") for path in known)
    for name, function in control.functions.items():
        uploaded = {os.path.relpath(path, HOME) for path in function.files}
        missing = {path for path in known if not Path(path).name.startswith(".")} - uploaded
        assert not missing, (name, sorted(missing)[:5])
        assert not [path for path in uploaded if path.endswith(".pyc")]


def test_main_is_imported_in_two_seconds_without_an_engines_library() -> None:
    code = (
        "import sys, time; began = time.process_time(); import main; "
        "took_s = time.process_time() - began; "
        "heavy = [name for name in ('torch', 'transformers', 'diffusers') if name in sys.modules]; "
        "print(took_s < 2.0, heavy)"
    )
    command = [sys.executable, "-c", code]
    results = [
        subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.strip()
        for _ in range(3)  # processor time, and the fastest counts: other tests run beside this one
    ]
    assert "True []" in results, results


def test_a_gpu_that_modal_does_not_have_is_refused_before_anything_is_deployed() -> None:
    with Control(secrets=SECRET) as control:
        result = control.cli("deploy", str(ROOT / "main.py"), env={"SONGWRIGHT_MUSIC__GPU": "L40"}, cwd=ROOT)
        assert result.returncode != 0
        assert "SONGWRIGHT_MUSIC__GPU" in result.stdout
        assert "L40S" in result.stdout
        assert not control.functions


@pytest.mark.parametrize(
    ("env", "said"),
    [
        (
            {"SONGWRIGHT_LYRICS__GPU": "A10,T4"},
            "SONGWRIGHT_LYRICS__GPU: 'A10,T4' - T4 cannot run Qwen/Qwen2-7B-Instruct: bf16 needs "
            "compute capability 8.0 and T4 has 7.5; use L4, A10, L40S, A100, A100-40GB, A100-80GB, "
            "RTX-PRO-6000, H100, H200, B200 or B300",
        ),
        (
            {
                "SONGWRIGHT_MUSIC__ENGINE": "musicgen",
                "SONGWRIGHT_MUSIC__MODEL": "facebook/musicgen-large",
                "SONGWRIGHT_MUSIC__GPU": "T4",
            },
            "SONGWRIGHT_MUSIC__GPU: 'T4' - T4 cannot run facebook/musicgen-large: it needs 20.1 GiB in fp16 "
            "and T4 has room for 14.7; use L4, A10,",
        ),
        (
            {"SONGWRIGHT_COMMERCIAL": "true"},
            "SONGWRIGHT_COMMERCIAL is set, and the licence of stabilityai/sdxl-turbo (SAI Non-Commercial "
            "Community) does not allow it - use SONGWRIGHT_ART__ENGINE=diffusion, whose ",
        ),
        (
            {"SONGWRIGHT_MUSIC__ENGINE": "acestpe"},
            "music engine: 'acestpe' - use one of: sketch, acestep, musicgen, musicgen_melody, audiocraft; ",
        ),
        ({"SONGWRIGHT_MODAL__SCALEDOWN": "10"}, "SONGWRIGHT_MODAL__SCALEDOWN: '10' - there is no setting of"),
    ],
)
def test_what_cannot_be_deployed_is_refused_in_one_line(env: dict[str, str], said: str) -> None:
    with Control(secrets=SECRET) as control:
        result = control.cli("deploy", str(ROOT / "main.py"), env=env, cwd=ROOT)
        assert result.returncode != 0
        assert said in result.stdout
        assert len(result.stdout.strip().splitlines()) == 1, result.stdout
        assert not control.functions


def test_a_secret_that_is_not_there_or_lacks_a_key_is_named() -> None:
    with Control() as control:
        result = control.cli("deploy", str(ROOT / "main.py"), cwd=ROOT)
        assert result.returncode != 0
        assert "music-gen-secret" in result.stdout
        control.add_secret("music-gen-secret", dict.fromkeys(SECRET_KEYS[:-1], "x"))
        result = control.cli("deploy", str(ROOT / "main.py"), cwd=ROOT)
        assert result.returncode != 0
        assert SECRET_KEYS[-1] in result.stdout


def test_the_secret_of_deploy_md_is_made_once_and_replaced_only_by_force() -> None:
    given = [f"{key}=x" for key in SECRET_KEYS]
    with Control() as control:
        made = control.cli("secret", "create", "music-gen-secret", *given)
        assert made.returncode == 0, made.stdout
        again = control.cli("secret", "create", "music-gen-secret", *given)
        assert again.returncode != 0
        assert "already exists" in again.stdout
        made = control.cli("secret", "create", "--force", "music-gen-secret", *given)
        assert made.returncode == 0, made.stdout


@pytest.mark.parametrize("line", ["*/5 8-20", "at eight", "0 8 * * 1-5 *", "0 8 * * 1-5; 0 20 * * *"])
def test_a_warm_time_that_is_no_cron_line_is_refused_in_one_line(line: str) -> None:
    with pytest.raises(InvalidRequest, match=r"SONGWRIGHT_MODAL__WARM: .* write the five fields of a cron"):
        load(Deployment, modal={"warm": line})


def test_a_warm_time_and_its_window_are_taken() -> None:
    modal = load(Deployment, modal={"warm": " */5 8-20 * JAN-DEC 1-5 ", "warm_s": 43_200}).modal
    assert (modal.warm, modal.warm_s) == ("*/5 8-20 * JAN-DEC 1-5", 43_200)
    assert load(Deployment).modal.warm == ""


@pytest.mark.parametrize("seconds", [0, 299, 86_401])
def test_a_warm_window_has_bounds(seconds: int) -> None:
    with pytest.raises(InvalidRequest, match="SONGWRIGHT_MODAL__WARM_S"):
        load(Deployment, modal={"warm_s": seconds})
