"""Imports point down only, and each third party has one home (DESIGN.md, "The house")."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CRAFTS = ("lyrics", "music", "art", "vision", "listening", "separation", "storage")
OURS = ("config", "phonetics", "reading", "inference", *CRAFTS, "orchestrator", "songwright", "main")
CLIENT = ROOT / "clients" / "python"

MAY_IMPORT = {
    "config": {"config"},
    "phonetics": {"phonetics"},
    "reading": {"reading"},
    "inference": {"inference", "config"},
    "lyrics": {"lyrics", "phonetics", "reading", "inference", "config"},
    "music": {"music", "phonetics", "reading", "inference", "config"},
    "art": {"art", "inference", "config"},
    "vision": {"vision", "inference", "config"},
    "listening": {"listening", "phonetics", "inference", "config"},
    "separation": {"separation", "inference", "config"},
    "storage": {"storage", "config"},
    "orchestrator": {"orchestrator", "config", "reading", *CRAFTS},
    "songwright": {"songwright"},  # a client, which knows of the service only what it answers
    "main": set(OURS) - {"songwright"},
}
# What the orchestrator may know of a craft: its contract and the files it makes, never an engine. The local
# store is the command line's own.
DOORS = {
    "lyrics": {
        "lyrics.contract",
        "lyrics.recorded",
        "lyrics.requests",
        "lyrics.restyling",
        "lyrics.wishes.lengths",
    },
    "music": {
        "music.changes",
        "music.contract",
        "music.encode",
        "music.formats",
        "music.hearing",
        "music.levels",
        "music.tags",
        "music.artwork",
        "music.lrc",
        "music.singing",
        "music.sources",
        "music.waveform",
    },
    "art": {"art.contract", "art.encode", "art.photo"},
    "vision": {"vision.contract", "vision.photo", "vision.decode"},
    "separation": {"separation.contract"},
    "listening": {"listening.contract"},
    "storage": {
        "storage.configured",
        "storage.contract",
        "storage.local",
        "storage.lock",
        "storage.signing",
        "storage.r2",
    },
}
HOMES = {
    "click": {"orchestrator.cli.commands"},
    "rich": {"orchestrator.cli.output"},
    "soundfile": {"music.encode", "music.sources"},
    "av": {"music.sources.kept"},
    "mido": {"music.sketch.midi"},
    "py3langid": {"reading.language"},
    "PIL": {"art", "vision"},
    "scipy": {"music", "art", "listening", "separation"},
    "numpy": {"music", "art", "vision", "listening", "separation"},
    "faster_whisper": {"listening.whisper"},
    "ctranslate2": {"listening.whisper"},
    "demucs": {"separation.demucs"},
    "yaml": {"separation.demucs"},
    "pydantic_settings": {"config.settings"},
    "fastapi": {"orchestrator.server.api", "orchestrator.compat"},
    "starlette": {"orchestrator.server.api", "orchestrator.compat"},
    "uvicorn": {"orchestrator.server.serve", "orchestrator.server.http"},
    "prometheus_client": {"orchestrator.server.metrics"},
    "filelock": {"storage.lock", "orchestrator.server.serve"},
    "segno": {"orchestrator.server.access.qr"},
    "h11": {"orchestrator.server.webhooks.post"},
    "standardwebhooks": {"orchestrator.server.webhooks.delivery"},
    "modal": {"main", "orchestrator.modal", "orchestrator.cli.modal_doctor"},
    "boto3": {"storage.r2"},
    "botocore": {"storage.r2"},
    "httpx": {"songwright.client", "lyrics.openai.client"},
    "mcp": {"orchestrator.compat.mcp"},
    "mcp_types": {"orchestrator.compat.mcp"},
    "httpx2": {"orchestrator.compat.mcp", "inference.hub"},
}
# The rooms of the orchestrator, from the ground up: each may know those before it. The app joins them.
ROOMS = ("songs", "estimates", "pipeline", "workers", "jobs", "server", "compat", "modal", "cli")
JOINS_THEM = {"orchestrator.__main__", "orchestrator.server.api.app"}
MOST_LINES = 300
TABLES = {"reading/words/sections.py"}
MOST_MODULES = 10
LARGE_FOLDERS = {  # to be divided
    "music/sketch",
    "music/sketch/instruments",
}
DOORS_OF_OTHERS = ("suno", "acestep", "chat", "elevenlabs", "mcp")
NEVER_AT_IMPORT = ("torch", "transformers", "diffusers", "audiocraft", "faster_whisper", "modal", "boto3")

ARRAYS = ("numpy", "scipy", "PIL", "soundfile")
"""What engines and the files of songs need, and neither the command line nor the service at its start."""


def files() -> Iterator[tuple[str, Path]]:
    """The modules of ours by name, with their files."""
    for package in OURS:
        root = CLIENT if package == "songwright" else ROOT
        folder = root / package
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [root / f"{package}.py"]:
            yield ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"), path


def modules() -> Iterator[tuple[str, ast.Module]]:
    for name, path in files():
        yield name, ast.parse(path.read_text())


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


MODULES = list(modules())


@pytest.mark.parametrize(("name", "tree"), MODULES, ids=[name for name, _ in MODULES])
def test_imports_point_down_only(name: str, tree: ast.Module) -> None:
    package = name.partition(".")[0]
    for imported in imports(tree):
        target = imported.partition(".")[0]
        if target not in OURS:
            continue
        assert target in MAY_IMPORT[package], f"{name} imports {imported}"
        if package == "orchestrator" and target in CRAFTS and imported != target:
            assert any(imported == door or imported.startswith(f"{door}.") for door in DOORS[target]), (
                f"{name} imports {imported}, past the door of {target}"
            )


@pytest.mark.parametrize(("name", "tree"), MODULES, ids=[name for name, _ in MODULES])
def test_each_third_party_has_one_home(name: str, tree: ast.Module) -> None:
    for imported in imports(tree):
        for home in HOMES.get(imported.partition(".")[0], {name}):
            if name == home or name.startswith(f"{home}."):
                break
        else:
            pytest.fail(f"{name} imports {imported}, whose home is {HOMES[imported.partition('.')[0]]}")


def edges() -> dict[str, set[str]]:
    """By module, the modules of ours that it imports, lazily or for types alone too."""
    names = {name for name, _ in MODULES}
    found: dict[str, set[str]] = {name: set() for name in names}
    for name, tree in MODULES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.module
                # Of "from package import module" it is the module that is meant.
                wholes = {f"{node.module}.{alias.name}" for alias in node.names}
                found[name] |= (wholes & names) | ({node.module} if wholes - names else set())
        found[name] = (found[name] & names) - {name}
    return found


def in_circles(edges: dict[str, set[str]]) -> list[set[str]]:
    """The sets of modules of which each reaches every other."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        left = [start]
        while left:
            for target in edges[left.pop()] - found:
                found.add(target)
                left.append(target)
        return found

    reach = {name: reached(name) for name in edges}
    circles = {frozenset(other for other in reach[name] if name in reach[other]) for name in edges}
    return [set(circle) for circle in circles if len(circle) > 1]


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == [{"b", "c"}]
    assert in_circles(edges()) == []


def test_each_room_of_the_orchestrator_knows_only_those_below_it() -> None:
    seen = set()
    for name, targets in edges().items():
        for target in targets if name.startswith("orchestrator.") and name not in JOINS_THEM else ():
            if target.startswith("orchestrator."):
                room, other = (dotted.split(".")[1] for dotted in (name, target))
                seen |= {room, other}
                assert ROOMS.index(other) <= ROOMS.index(room), f"{name} imports {target}"
    assert seen == set(ROOMS)


def test_no_folder_has_more_modules_than_one_takes_in_at_a_glance() -> None:
    folders: dict[str, int] = {}
    for _, path in files():
        if path.name != "__init__.py":
            folder = path.parent.relative_to(ROOT).as_posix()
            folders[folder] = folders.get(folder, 0) + 1
    assert {folder for folder, count in folders.items() if count > MOST_MODULES} <= LARGE_FOLDERS


def test_the_rules_see_real_imports() -> None:
    found = {imported for _, tree in MODULES for imported in imports(tree)}
    assert {"click", "soundfile", "music.contract"} <= found


def test_the_command_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys, orchestrator.cli.commands; "
        f"print([name for name in {(*NEVER_AT_IMPORT, *ARRAYS)!r} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_api_is_imported_in_a_second_without_an_engines_library() -> None:
    late = (*NEVER_AT_IMPORT, "mcp", *(f"orchestrator.compat.{door}.app" for door in DOORS_OF_OTHERS))
    code = (
        "import sys, time; began = time.process_time(); import orchestrator.server.api; "
        "took_s = time.process_time() - began; "
        f"found = [name for name in {(*late, *ARRAYS)!r} if name in sys.modules]; "
        "print(took_s < 1.0, found, took_s)"
    )
    results = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
        ).stdout
        for _ in range(3)  # processor time, and the fastest counts: other tests run beside this one
    ]
    assert any(result.startswith("True []") for result in results), results


def test_no_module_is_too_long_or_vaguely_named() -> None:
    for _, path in files():
        assert path.name not in ("utils.py", "helpers.py", "common.py", "base.py")
        most = 400 if path.relative_to(ROOT).as_posix() in TABLES else MOST_LINES
        assert len(path.read_text().splitlines()) <= most, path
    assert len(list(files())) > 200


def test_nothing_committed_names_a_registry_host_or_a_path_of_one_machine() -> None:
    files = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, cwd=ROOT, check=True)
    needles = (
        "pypi" + ".org",
        "pythonhosted" + ".org",
        "npmjs" + ".org",
        "/" + "root/",
        "/" + "work/",
        "/" + "home/",
    )
    for name in files.stdout.split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.suffix in (".py", ".md", ".toml", ".txt", ".json", "", ".yml"):
            text = path.read_text()
            assert not [needle for needle in needles if needle in text], name
