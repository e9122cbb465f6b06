"""``songwright mcp``: Songwright as tools of an agent on this machine."""

from __future__ import annotations

import click

from config.errors import InvalidRequest
from config.settings import load_settings
from orchestrator.cli.lines import say

EXAMPLES = """\b
Examples:
  songwright mcp
  songwright mcp --url http://localhost:8000
"""


@click.command(epilog=EXAMPLES, short_help="Tools for agents, on stdin and stdout.")
@click.option(
    "--url",
    metavar="ADDRESS",
    help="Have the service there make the songs, such as http://localhost:8000 (SONGWRIGHT_URL); its token "
    "is read from SONGWRIGHT_TOKEN.",
)
def mcp(url: str | None) -> None:
    """Speak the Model Context Protocol on stdin and stdout, for agents such as Claude Desktop.

    The agent starts this command, and makes, plans, extends, finds and prices songs with it. They are made in
    this process; where 'songwright serve' runs already, give its address. Agents elsewhere use /mcp of the
    service.
    """
    from orchestrator.compat.mcp.stdio import serve_stdio

    if url is not None and not url.lower().startswith(("http://", "https://")):
        fix = "give the address of a service, such as http://localhost:8000, or leave the option out"
        raise InvalidRequest("--url", url, fix)
    serve_stdio(load_settings(**({} if url is None else {"url": url})), say)
