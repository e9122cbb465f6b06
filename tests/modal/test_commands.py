"""Every ``modal ...`` that our documents, comments and messages name is a command of the genuine client, with
options that it knows."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import pytest

from tests.modal.deployed import ROOT
from tests.test_architecture import files

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "DEPLOY.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
ASSIGNMENTS = r"(?:[A-Z][A-Z0-9_]*=\S+ +)*"


def of_document(text: str) -> Iterator[str]:
    """In blocks, lines that begin with it; in the text, what stands in backticks."""
    for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if found := re.fullmatch(rf"{ASSIGNMENTS}modal (.*?)(?: +#.*)?", line):
                yield found[1]
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for span in re.findall(r"`([^`]+)`", prose):
        # What is said of a command stands before a colon: "run: modal setup".
        if found := re.fullmatch(rf"(?:.*: )?{ASSIGNMENTS}modal (.+)", " ".join(span.split())):
            yield found[1]


def of_module(source: str) -> Iterator[str]:
    """In strings, what follows "run: ", stands in backticks, or begins a line of a docstring."""
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(p.value) if isinstance(p, ast.Constant) else "x" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            text = node.value
        else:
            continue
        yield from re.findall(r"run: modal (.+?)(?:[;,)]|$)", text, flags=re.MULTILINE)
        yield from re.findall(r"``modal (.+?)``", text)
        yield from re.findall(r"^(?:.*:  +| +)modal (.+?)(?:   |$)", text, flags=re.MULTILINE)


def named() -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        for command in of_document(path.read_text()):
            yield path.name, command
    for _, path in files():
        for command in of_module(path.read_text()):
            yield str(path.relative_to(ROOT)), command


def words(command: str) -> list[str]:
    """Its arguments, with something in the place of what a reader fills in."""
    return shlex.split(re.sub(r"<[^>]*>|\$\([^)]*\)", "x", command))


NAMED = sorted(set(named()))


@cache
def refusals(commands: tuple[str, ...]) -> dict[str, str]:
    """What the client says to each, in a process of its own: ``modal run`` imports what it is to run."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.modal.commands"],
        input=json.dumps([words(command) for command in commands]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return dict(zip(commands, json.loads(result.stdout), strict=True))


@pytest.mark.parametrize(("where", "command"), NAMED, ids=[f"{where}: {command}" for where, command in NAMED])
def test_a_command_that_is_named_is_one_of_modals(where: str, command: str) -> None:
    said = refusals(tuple(command for _, command in NAMED))[command]
    assert not said, f"{where}: modal {command}: {said}"


def test_the_commands_of_deploy_md_and_of_our_messages_are_found() -> None:
    found = {(where, command) for where, command in NAMED}
    assert ("DEPLOY.md", "run main.py::prefetch") in found
    assert ("DEPLOY.md", 'run main.py --description "a slow waltz about the sea"') in found
    assert ("main.py", 'run main.py --prompt "jazzy piano solo" --duration 10') in found
    assert ("orchestrator/cli/modal_doctor.py", "setup") in found
    assert any(command.startswith("secret create --force x ") for _, command in found)
    assert any(command.startswith("secret create music-gen-secret R2_") for _, command in found)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("app logs songwright --folow", "No such option"),
        ("app rolback songwright", "No such command"),
        ("deplay main.py", "No such command"),
        ("secret create", ""),
        ("secret create --force", "Missing"),
        ("volume delete", ""),
        ("app stop songwright now", "unexpected extra argument"),
        ("run main.py --descripton x", "No such option"),
        ("run main.py::nothing", "nothing"),
        ("deploy main.py --strategy sideways", "not one of"),
    ],
)
def test_what_modal_does_not_know_is_found_out(command: str, said: str) -> None:
    known = ("app logs songwright --folow", "app rolback songwright", "deplay main.py", "secret create")
    more = ("secret create --force", "volume delete", "app stop songwright now", "run main.py --descripton x")
    last = ("run main.py::nothing", "deploy main.py --strategy sideways")
    answer = refusals((*known, *more, *last))[command]
    assert said in answer
    assert bool(answer) == bool(said)
