"""The commands about this machine: ``serve``, ``doctor`` and ``bench``."""

from __future__ import annotations

from pathlib import Path

import click

from config.errors import InvalidRequest
from config.settings import load_settings
from orchestrator.cli.commands.exits import FAILED
from orchestrator.cli.lines import print_line, say
from orchestrator.songs.brief import Brief

SERVED = """\b
Examples:
  songwright serve
  songwright serve --host 0.0.0.0 --port 9000
"""
EXAMINED = """\b
Examples:
  songwright doctor
  songwright doctor --all
  SONGWRIGHT_MUSIC__ENGINE=acestep songwright doctor
"""
MEASURED = """\b
Examples:
  songwright bench --runs 1 --duration 30
"""


@click.command(epilog=SERVED, short_help="Run the page and the HTTP API.")
@click.option("--host", default=None, help="The address to listen at; 0.0.0.0 lets other machines in.")
@click.option("--port", type=int, default=None, help="Default 8000; 0 takes any that is free.")
@click.option("--take-over", is_flag=True, help="Take the bucket from another service or a deployment.")
@click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser, signed in.")
def serve(
    host: str | None,
    port: int | None,
    take_over: bool,  # noqa: FBT001 - click passes every option by name
    open_browser: bool,  # noqa: FBT001 - likewise
) -> None:
    """Run the service: the HTTP API, and a page to play in.

    On a terminal it shows an address that signs one browser in, once; where it listens to the network, also a
    QR code for a telephone. The first start makes a token for programs, shows it once on a terminal and keeps
    it in .songwright/token; API_BEARER_TOKEN sets your own, several with commas between. Songs that a stop or
    a crash interrupted go on at the next start. The reference of the API is at /docs.
    """
    from orchestrator.server.serve import serve as run_service

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    run_service(load_settings(**given), say, take_over=take_over, open_browser=open_browser)


@click.command(epilog=EXAMINED, short_help="What is wrong here, and how to mend it.")
@click.option("--all", "every_engine", is_flag=True, help="Every setting, and the engines that are not set.")
@click.option("--modal", "on_modal", is_flag=True, help="Look at the deployment on Modal instead.")
def doctor(every_engine: bool, on_modal: bool) -> None:  # noqa: FBT001 - click passes every option by name
    """Tell whether songs can be made here, what is wrong and how to mend it; exits 1 if something is wrong.

    Of an engine with a model: whether it is installed, its weights and their licence, the device, and the
    memory it needs and has. Nothing is fetched or loaded. With --modal: whether Modal knows this machine's
    token, has the secret with its keys and the weights in their volumes, and where the app is.
    """
    from orchestrator.cli.doctor import examine, examine_modal
    from orchestrator.cli.output import print_findings

    findings = examine_modal() if on_modal else examine(load_settings(), every_engine=every_engine)
    print_findings(findings, everything=every_engine)
    if not all(finding.ok for finding in findings if finding.wanted):
        click.get_current_context().exit(FAILED)


@click.command(epilog=MEASURED, short_help="How fast songs are made here.")
@click.option("--runs", default=3, show_default=True, help="Songs to make; medians are printed.")
@click.option("--duration", default=180.0, show_default=True, help="Seconds of each song.")
@click.option(
    "--against",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Another songwright command, or a checkout with one in .venv: makes each song too, in turn.",
)
def bench(runs: int, duration: float, against: Path | None) -> None:
    """Measure here: processor time, wall time, peak memory and install size of a whole song with all its
    files."""
    from orchestrator.cli.bench import measure

    if runs < 1:
        raise InvalidRequest("runs", runs, "make at least one")
    for line in measure(runs, Brief(description="a bench", duration_s=duration).duration_s, against):
        print_line(line)
