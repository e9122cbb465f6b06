"""The door to MusicGen's compiled loops: nothing else looks behind it, and torch can do without them."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.engine import EngineOptions, ignore_progress
from music.contract import COMPOSERS, MusicRequest
from music.musicgen import compiled
from music.musicgen.layers import Layers
from music.musicgen.sampling import Sampling
from tests.test_architecture import MODULES, ROOT, imports
from tests.tiny import musicgen

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

FOLDER = "music.musicgen.cpu"
REQUEST = {"prompt": "lofi beat", "seed": 1, "duration_s": 5.0}
MAKE = f"""
import sys
import numpy as np
from tests.music import test_compiled
import music.musicgen.engine
from importlib.util import find_spec
spec = find_spec("{FOLDER}")
assert spec is None or not spec.has_location, spec
codes, samples = test_compiled.made(sys.argv[1])
assert "numba" not in sys.modules
np.savez(sys.argv[2], codes=codes, samples=samples, source=music.musicgen.engine.__file__)
"""


def loaded(checkpoint: str) -> Any:
    return COMPOSERS.load("musicgen", EngineOptions(model=checkpoint, precision="fp32", device="cpu"))


def made(checkpoint: str) -> tuple[Any, Any]:
    """Tokens ``(codebooks, frames)`` and sound ``(2, samples)``, by an engine without compiled loops."""
    engine, request = loaded(checkpoint), MusicRequest.model_validate(REQUEST)
    assert isinstance(engine._decoder.layers, Layers)
    codes = engine._tokens(engine._read(request.prompt), request, Sampling(), ignore_progress)
    return codes.numpy(), engine.compose(request, ignore_progress).samples


def test_nothing_but_the_door_names_the_folder_of_the_compiled_loops() -> None:
    found = set()
    for name, tree in MODULES:
        if name == FOLDER or name.startswith(f"{FOLDER}."):
            continue
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        imported = [one for one in imports(tree) if one == FOLDER or one.startswith(f"{FOLDER}.")]
        assert not imported, f"{name} imports {imported}"
        found |= {name} if FOLDER in texts else set()
    assert found == {compiled.__name__}


def test_without_the_folder_tokens_and_sound_are_those_of_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = str(musicgen(tmp_path / "tiny"))
    monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    codes, samples = made(checkpoint)
    monkeypatch.undo()

    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "music", copy / "music", ignore=shutil.ignore_patterns("__pycache__", "cpu"))
    left = copy / "music" / "musicgen" / "cpu" / "__pycache__"
    left.mkdir(parents=True)  # as git leaves them behind
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(copy), str(ROOT)])}
    command = [sys.executable, "-c", MAKE, checkpoint, str(tmp_path / "made.npz")]
    subprocess.run(command, env=environment, cwd=copy, check=True, timeout=300)
    with np.load(tmp_path / "made.npz") as found:
        assert str(found["source"]).startswith(str(copy))
        assert codes.shape == (4, 250)
        assert len(np.unique(codes)) > 32
        assert np.array_equal(found["codes"], codes)
        assert samples.std() > 1e-4
        assert np.allclose(found["samples"], samples, rtol=0, atol=1e-5 * np.abs(samples).max())


def test_with_the_folder_its_loops_make_the_steps_where_the_processor_has_what_they_need(
    tmp_path: Path,
) -> None:
    cpu_layout = pytest.importorskip(f"{FOLDER}.layout")
    engine = loaded(str(musicgen(tmp_path)))
    assert isinstance(engine._decoder.layers, Layers) != cpu_layout.supported("fp32")
