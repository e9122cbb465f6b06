"""Logs as whoever runs the service reads them: on the stderr of a process of its own."""

import json
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.orchestrator.test_cli import ROOT

START = """
import logging
from orchestrator.server.logs import logging_to_stderr, request_id
log = logging.getLogger("a.part")
"""


def command(code: str, log_format: str = "json") -> list[str]:
    indented = "".join(f"    {line}\n" for line in code.splitlines())
    return [sys.executable, "-c", f"{START}\nwith logging_to_stderr({log_format!r}):\n{indented}"]


def logged(code: str, log_format: str = "json") -> str:
    """What ``code`` leaves on stderr."""
    result = subprocess.run(
        command(code, log_format), capture_output=True, text=True, cwd=ROOT, timeout=30, check=True
    )
    return result.stderr


def test_a_record_is_one_line_of_json_with_its_request_and_its_extra_fields() -> None:
    code = """request_id.set("r1")
named = ["at first"]
log.info("it is %s", named, extra={"song_id": "s1", "error": None})
named[0] = "changed since"
log.debug("too small to tell")"""
    fields: dict[str, Any] = json.loads(logged(code))
    assert fields.pop("time").endswith("+00:00")
    assert fields == {
        "level": "info",
        "logger": "a.part",
        "message": "it is ['at first']",
        "request_id": "r1",
        "song_id": "s1",
    }


FAILING = """try:
    1 / 0
except ZeroDivisionError:
    log.exception("it failed")"""


def test_an_exception_is_a_field_of_its_own() -> None:
    fields = json.loads(logged(FAILING))
    assert fields["message"] == "it failed"
    assert fields["exception"].startswith("Traceback")
    assert fields["exception"].endswith("ZeroDivisionError: division by zero")


def test_a_person_reads_the_exception_below_its_line() -> None:
    first, *rest = logged(FAILING, "text").splitlines()
    assert first.endswith("error   it failed")
    assert rest[0].startswith("  Traceback")
    assert rest[-1] == "  ZeroDivisionError: division by zero"
    assert len([line for line in rest if line.startswith("  Traceback")]) == 1


FORGED = "\\n12:00:00 info    all is well \\x1b[2J\\u202e\\u2028\\r\\x9b\\ud800 é 雨"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_what_came_from_outside_draws_no_line_and_orders_no_terminal(log_format: str) -> None:
    code = f"""log.warning("no host %s", "{FORGED}", extra={{"path": "/{FORGED}", "key": "a b=1"}})
try:
    raise ValueError("{FORGED}")
except ValueError:
    log.exception("{FORGED}")"""
    text = logged(code, log_format)
    assert all(character.isprintable() for character in text.replace("\n", ""))
    lines = text.splitlines()
    assert len([line for line in lines if not line.startswith("  ")]) == 2
    if log_format == "text":
        assert "é 雨" in text
        assert 'key="a b=1"' in lines[0]
        assert "\\x1b[2J\\u202e\\u2028\\r\\x9b\\ud800" in lines[0]
    else:
        assert json.loads(lines[0])["path"].startswith("/\n12:00:00")


def test_every_line_is_written_before_the_end() -> None:
    lines = logged("for number in range(5000):\n    log.info('line %d', number)").splitlines()
    assert [json.loads(line)["message"] for line in lines] == [f"line {number}" for number in range(5000)]


@pytest.mark.parametrize("count", [3000, 20_000], ids=["the pipe", "the pipe and the queue"])
def test_a_process_ends_though_nobody_reads_its_full_stderr(count: int) -> None:
    code = f"""for number in range({count}):
    log.info("line %d", number)
print("done", flush=True)"""
    pipe = subprocess.PIPE
    with subprocess.Popen(command(code), stdout=pipe, stderr=pipe, cwd=ROOT, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "done\n"
            began = time.monotonic()
            assert process.wait(timeout=8) == 0
            assert time.monotonic() - began < 4
        finally:
            process.kill()


def test_a_record_that_cannot_be_written_out_keeps_no_other_from_it() -> None:
    code = """class Odd:
    def __str__(self):
        raise ValueError
log.info("odd", extra={"field": Odd()})
log.info("plain")"""
    assert json.loads(logged(code).splitlines()[-1])["message"] == "plain"
