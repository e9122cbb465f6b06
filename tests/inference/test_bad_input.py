"""What does not do, for each engine with a model: one line that says what to do, and no traceback."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest

from config.engine import EngineOptions
from config.errors import EngineUnavailable, InvalidRequest
from orchestrator.cli.commands import WRONG_USAGE, run
from tests.inference.engines import CHECKPOINTS, checkpoint, registry_of, used
from tests.long import few_first
from tests.loopback import in_a_thread

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

INSTALL = "install it: pip install 'songwright[models]'"
ROOT = Path(__file__).parent.parent.parent
HIDDEN = ("torch", "transformers", "diffusers", "accelerate", "safetensors", "huggingface_hub", "xgrammar")


# Not ``sys.modules[name] = None``: scipy looks there for torch, to see whether it is imported.
HIDE = """
import sys, warnings
warnings.simplefilter("ignore")
class Hidden:
    def find_spec(name, *_):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden)
"""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {kind: tmp_path_factory.mktemp(kind) for kind in CHECKPOINTS.values()}
    return {
        engine: made[kind] if any(made[kind].iterdir()) else checkpoint(engine, made[kind])
        for engine, kind in CHECKPOINTS.items()
    }


@pytest.fixture(params=list(CHECKPOINTS))
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def copy(engine: str, checkpoints: dict[str, Path], tmp_path: Path) -> Path:
    """A checkpoint that may be broken."""
    folder: Path = shutil.copytree(checkpoints[engine], tmp_path / "copy")
    return folder


def refused(engine: str, model: Path | str, **options: object) -> str:
    """The one line that ``engine`` says to it."""
    given = EngineOptions(model=str(model), **options)  # type: ignore[arg-type]
    with pytest.raises((EngineUnavailable, InvalidRequest)) as caught:
        registry_of(engine).load(engine, given)
    said = str(caught.value)
    assert "\n" not in said
    what, _, fix = said.partition(" - ")
    assert what
    assert fix
    return said


def largest(folder: Path) -> Path:
    return max(folder.rglob("*.safetensors"), key=lambda file: file.stat().st_size)


def test_a_checkpoint_of_another_model_is_named_as_that(engine: str, checkpoints: dict[str, Path]) -> None:
    for other, folder in checkpoints.items():
        fits = engine == "diffusion" and other == "sdxl_turbo"  # it paints with any text-to-image pipeline
        if CHECKPOINTS[other] != CHECKPOINTS[engine] and not fits:
            assert str(folder) in refused(engine, folder), other


def cut_short(folder: Path) -> None:
    weights = largest(folder)
    weights.write_bytes(weights.read_bytes()[:-1000])


def without_a_header(folder: Path) -> None:
    largest(folder).write_bytes(b"<html>not found</html>")


def with_a_strange_header(folder: Path) -> None:
    largest(folder).write_bytes(struct.pack("<Q", 4) + b"[{}]")


def pickled(folder: Path) -> None:
    for weights in folder.rglob("*.safetensors"):
        weights.rename(weights.with_name("pytorch_model.bin"))


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def without_a_shard(folder: Path) -> None:
    weights = largest(folder)
    names = [f"{weights.stem}-0000{number}-of-00002.safetensors" for number in (1, 2)]
    weights.rename(weights.with_name(names[0]))
    index = {"weight_map": dict(zip("ab", names, strict=True))}
    weights.with_name(f"{weights.name}.index.json").write_text(json.dumps(index))


def without_what_the_index_names(folder: Path) -> None:
    weights = largest(folder)
    weights.rename(weights.with_name(f"{weights.stem}-00001-of-00001.safetensors"))
    index = {"weight_map": {"a": "another.safetensors"}}
    weights.with_name(f"{weights.name}.index.json").write_text(json.dumps(index))


def without_a_tensor(folder: Path) -> None:
    """Whole, but not all that the model needs."""
    from safetensors.torch import load_file, save_file

    weights = largest(folder)
    tensors = load_file(weights)
    save_file({name: tensors[name] for name in sorted(tensors)[: len(tensors) // 2]}, weights)


def larger_than_memory(folder: Path) -> None:
    """Four terabytes of which none are on the disk."""
    count = 1 << 40
    header = json.dumps({"a": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}}).encode()
    with largest(folder).open("wb") as opened:
        opened.write(struct.pack("<Q", len(header)) + header)
        opened.truncate(8 + len(header) + 4 * count)


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (cut_short, "cut short or damaged"),
        (without_a_header, "cut short or damaged"),
        (with_a_strange_header, "cut short or damaged"),
        (pickled, "has only pickled weights"),
        (emptied, "has no weights"),
        (without_a_shard, "-00002-of-00002.safetensors - fetch it again"),
        (without_what_the_index_names, "lacks another.safetensors - fetch it again"),
        (larger_than_memory, "GB are free"),
    ],
)
def test_weights_that_cannot_be_used_say_why(
    engine: str, copy: Path, break_it: Callable[[Path], object], says: str
) -> None:
    break_it(copy)
    assert says in refused(engine, copy)


def test_weights_without_all_tensors_are_not_run(engine: str, copy: Path) -> None:
    without_a_tensor(copy)
    assert str(copy) in refused(engine, copy)


@pytest.mark.parametrize("engine", ["acestep", "sdxl_turbo", "diffusion"], indirect=True)
def test_a_part_without_all_tensors_is_not_run(engine: str, copy: Path, checkpoints: dict[str, Path]) -> None:
    """The largest part of a pipeline may be another: each is looked at."""
    for part in sorted(folder for folder in copy.iterdir() if next(folder.glob("*.safetensors"), None)):
        without_a_tensor(part)
        assert str(copy) in refused(engine, copy), part.name
        shutil.rmtree(part)
        shutil.copytree(checkpoints[engine] / part.name, part)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "no such model"}, "use a hub id"),
        ({"model": "org/name@"}, "use a hub id"),
        ({"device": "abacus"}, "use auto, cpu"),
        ({"device": "cuda:99"}, "set DEVICE to auto or cpu"),
        ({"precision": "fp4"}, "use auto or one of"),
        ({"commercial": True}, "SONGWRIGHT_COMMERCIAL is set"),
    ],
)
def test_options_that_do_not_do_say_what_does(
    engine: str, checkpoints: dict[str, Path], options: dict[str, object], says: str
) -> None:
    assert says in refused(engine, **{"model": checkpoints[engine]} | options)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", sorted(CHECKPOINTS.keys() - {"qwen_vl"}), indirect=True)
def test_a_prompt_of_spaces_is_refused(engine: str, checkpoints: dict[str, Path]) -> None:
    loaded = registry_of(engine).load(engine, EngineOptions(model=str(checkpoints[engine])))
    with pytest.raises(InvalidRequest, match=" - say ") as caught:
        used(loaded, prompt=" \n\t ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("duration", ["601", "4", "nan"])
def test_a_song_too_long_or_short_is_refused_before_any_model_is_looked_for(
    duration: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SONGWRIGHT_HOME", str(tmp_path))
    for name in ("musicgen", "acestep"):
        monkeypatch.setenv("SONGWRIGHT_MUSIC__ENGINE", name)
        assert run(["make", "a song", "--duration", duration]) == WRONG_USAGE
        (said,) = capsys.readouterr().err.splitlines()
        assert "duration" in said
        assert "5 to 600" in said


class Answers(http.server.BaseHTTPRequestHandler):
    """A hub that has nothing, or a proxy that shows its own page."""

    status, code = 404, "RepoNotFound"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("X-Error-Code", self.code)
        self.send_header("Content-Length", "13")
        self.end_headers()
        self.wfile.write(b"<html></html>")

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Page(Answers):
    status, code = 200, ""


@pytest.fixture(params=["offline", "nobody", "silent", "unknown", "page"])
def hub(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """How the hub is, and an empty cache."""
    monkeypatch.setattr("inference.hub._HUB_S", 0.5)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    huggingface_hub.close_session()
    if request.param == "offline":
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        yield request.param
    elif request.param in ("nobody", "silent"):
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            if request.param == "silent":
                listening.listen()
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
            yield request.param
    else:
        answers = Answers if request.param == "unknown" else Page
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), answers)
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        with in_a_thread(server):
            yield request.param
            huggingface_hub.close_session()
    huggingface_hub.close_session()


def test_weights_that_cannot_be_fetched_say_so_soon(engine: str, hub: str) -> None:
    began = time.monotonic()
    said = refused(engine, "org/name")
    assert time.monotonic() - began < 10.0
    assert "'org/name'" in said
    assert ("check the id" if hub == "unknown" else "connect to the network") in said


@pytest.mark.long
def test_without_the_models_extra_doctor_and_make_say_what_to_install(tmp_path: Path) -> None:
    code = (
        HIDE.format(hidden=HIDDEN) + "import os\n"
        "from orchestrator.cli.commands import run\n"
        "for craft, engine in (('MUSIC', 'musicgen'), ('MUSIC', 'musicgen_melody'), ('MUSIC', 'acestep'),\n"
        "                      ('ART', 'sdxl_turbo'), ('ART', 'diffusion'), ('LYRICS', 'qwen')):\n"
        "    os.environ[f'SONGWRIGHT_{craft}__ENGINE'] = engine\n"
        "    for command in (['doctor'], ['make', 'a song', '--duration', '5']):\n"
        "        print(f'== {engine} {command[0]}', run(command), file=sys.stderr)\n"
        "    del os.environ[f'SONGWRIGHT_{craft}__ENGINE']\n"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("SONGWRIGHT_")}
    env |= {"SONGWRIGHT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=env, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    for engine in CHECKPOINTS.keys() - {"qwen_vl"}:
        needs = re.compile(f"engine '{engine}' needs the package '[a-z]+' - {re.escape(INSTALL)}$", re.M)
        assert len(needs.findall(re.sub(" +$", "", result.stdout, flags=re.M))) == 1
        assert len(needs.findall(result.stderr)) == 1
        assert f"== {engine} doctor 1" in result.stderr
        assert f"== {engine} make 1" in result.stderr


@pytest.mark.parametrize("package", few_first(1, ["transformers", "safetensors"]))
def test_an_extra_that_is_half_there_says_what_to_install(package: str, checkpoints: dict[str, Path]) -> None:
    folders = {name: str(folder) for name, folder in checkpoints.items()}
    code = (
        HIDE.format(hidden=(package,)) + "from config.engine import EngineOptions\n"
        "from config.errors import EngineUnavailable\n"
        "from tests.inference.engines import registry_of\n"
        f"for engine, folder in {folders!r}.items():\n"
        "    try:\n"
        "        registry_of(engine).load(engine, EngineOptions(model=folder))\n"
        "    except EngineUnavailable as error:\n"
        "        print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    lines = result.stdout.splitlines()
    assert len(lines) == len(folders), result.stderr
    for line in lines:
        assert line.endswith(INSTALL)
