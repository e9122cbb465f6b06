"""All engines at their real size with random weights, on a CUDA card, without a network:

    make gpu-wheels                              before: fetches what a bare machine lacks, to carry along
    make gpu-check                               with the packages of the machine, and those
    python -m tests.gpu_check --only acestep     a part alone
    python -m tests.gpu_check --device cpu --tiny    every check in little, to try the checks themselves

Each part runs in a process of its own, so that one that breaks the card's state does not reach the others.
The exit status is 1 if any check failed, 2 if nothing could be looked at.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path

from tests.gpu_check.carried import missing, take_along
from tests.gpu_check.parts import PARTS, look_of

_LIBRARIES = ("torch", "transformers", "diffusers", "triton", "xgrammar")
_ROOM_BYTES = 45e9  # the largest checkpoint is 17 GB, and main memory holds a copy of it while it is loaded


def main() -> int:
    arguments = _arguments()
    take_along()
    if lacking := missing():
        print(
            f"gpu-check: missing here: {', '.join(lacking)} - "
            "run make gpu-wheels where there is an index, and carry build/gpu-wheels along"
        )
        return 2
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    os.environ |= {"TRANSFORMERS_VERBOSITY": "error", "DIFFUSERS_VERBOSITY": "error"}
    if arguments.device == "cpu":
        os.environ["TRITON_INTERPRET"] = "1"  # a kernel runs on a processor so
    wanted = arguments.only.split(",") if arguments.only else list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        print(f"gpu-check: --only: {unknown[0]!r} - use some of: {', '.join(PARTS)}")
        return 2
    context = multiprocessing.get_context("fork")
    if arguments.device.startswith("cuda") and not _there(context, arguments.device):
        print(
            f"gpu-check: there is no device {arguments.device!r} here"
            " - use --device cpu --tiny to try the checks"
        )
        return 2
    import torch

    from tests.gpu_check.card import Card, Ceilings
    from tests.gpu_check.findings import Finding, Findings, table

    for name in wanted:
        look_of(name)  # its imports, once for all processes
    card = Card(arguments.device, arguments.tiny)
    began = time.perf_counter()
    print(_head(card.device, {name: _version(name) for name in _LIBRARIES}), flush=True)
    every: list[Finding] = []

    def publish(found: Finding) -> None:
        every.append(found)
        print(found, flush=True)

    ceilings: Ceilings | None = None
    for name in ["card", *wanted]:
        left_s = 60.0 * arguments.minutes - (time.perf_counter() - began)
        if left_s < 0:
            Findings(name, publish).skip(f"no time is left of {arguments.minutes:g} minutes")
            continue
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_part, args=(name, card, ceilings, theirs))
        process.start()
        theirs.close()
        answer = _received(ours, publish, left_s)
        if isinstance(answer, Ceilings):
            ceilings = answer
        elif answer is None:  # it ended without a word, or took too long
            process.kill()
            process.join()
            why = "took too long" if process.exitcode == -9 else f"its process ended with {process.exitcode}"
            Findings(name, publish).skip(why)
        process.join()
        if name == "card" and ceilings is None:
            break
    print()
    print(table(every))
    print(f"{time.perf_counter() - began:.0f} s in all, torch {torch.__version__}")
    if arguments.json:
        Path(arguments.json).write_text("[" + ",\n".join(found.as_json() for found in every) + "]\n")
    return int(any(found.ok is False for found in every))


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(
        prog="python -m tests.gpu_check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--device", default="cuda", help="cuda, cuda:1, or cpu with --tiny (default: cuda)")
    options.add_argument(
        "--tiny", action="store_true", help="checkpoints of some hundred kB in place of real sizes"
    )
    options.add_argument("--only", default="", help="parts, with commas between")
    options.add_argument(
        "--minutes", type=float, default=9.5, help="after which nothing more is begun (default: 9.5)"
    )
    options.add_argument("--json", default="", help="a file for the findings")
    return options.parse_args()


def _there(context: multiprocessing.context.ForkContext, device: str) -> bool:
    """Whether there is such a device. A process of its own looks: this one must not have called CUDA when it
    forks."""
    process = context.Process(target=_ask, args=(device,))
    process.start()
    process.join()
    return process.exitcode == 0


def _ask(device: str) -> None:
    import torch

    number = torch.device(device).index or 0
    sys.exit(0 if number < torch.cuda.device_count() else 1)


def _part(name: str, card: object, ceilings: object, answers: Connection) -> None:
    """One part, in a process of its own: its findings, and last what the card's ceilings are, or "done"."""
    import warnings

    from inference.quiet import quiet
    from tests.gpu_check.card import Card, Ceilings
    from tests.gpu_check.findings import Findings

    assert isinstance(card, Card)
    warnings.simplefilter("ignore")
    findings = Findings(name, answers.send)
    if name == "card":
        with findings.check("ceilings") as found:
            measured = card.ceilings()
            found.figure = (
                f"{card.name}: {measured.bytes_per_s / 1e12:.2f} TB/s copied, "
                f"{measured.operations_per_s / 1e12:.0f} TFLOP/s bf16"
            )
            found.ok = True
        answers.send(measured)
        return
    assert isinstance(ceilings, Ceilings)
    with tempfile.TemporaryDirectory(prefix="songwright-gpu-", dir=_folder(card.tiny)) as folder:
        look = look_of(name)
        try:
            with quiet():
                look(findings, card, ceilings, Path(folder))
        except LookupError as error:  # nothing was loaded, which has been said
            findings.skip(str(error))
    answers.send("done")


def _folder(tiny: bool) -> str | None:  # noqa: FBT001 - a Card's
    """Where checkpoints are written: in main memory if there is room, which no disk is as quick as."""
    memory = Path("/dev/shm")
    if tiny or not memory.is_dir() or shutil.disk_usage(memory).free < _ROOM_BYTES:
        return None
    return str(memory)


def _received(answers: Connection, publish: Callable[..., None], left_s: float) -> object:
    """Hands findings on until the part's last word, which is answered; None where there is none in time."""
    from tests.gpu_check.findings import Finding

    until = time.perf_counter() + left_s + 30.0
    while answers.poll(max(until - time.perf_counter(), 0.0)):
        try:
            said = answers.recv()
        except EOFError:
            return None
        if not isinstance(said, Finding):
            return said
        publish(said)
    return None


def _head(device: str, versions: dict[str, str]) -> str:
    libraries = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"gpu-check on {device}: Python {platform.python_version()}, {libraries}; {os.cpu_count()} cores"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


if __name__ == "__main__":
    sys.exit(main())
