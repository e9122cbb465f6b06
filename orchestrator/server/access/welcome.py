"""What ``songwright serve`` shows at its start: the page's address, with a one-time code to come in."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import webbrowser
from collections.abc import Callable

from config.settings import Settings
from orchestrator.server.access.addresses import network_host, own_host
from orchestrator.server.access.codes import FIRST_CODE_S, Codes
from orchestrator.server.access.qr import lines_of, width_of
from orchestrator.server.auth import TOKEN_FILE, Tokens
from storage.configured import private_folder

_FOR_TERMINALS = {"www-browser", "links", "elinks", "lynx", "w3m"}


def welcome(
    settings: Settings,
    say: Callable[[str], None],
    address: tuple[str, int],
    signing_in: tuple[Tokens, Codes],
    new_token: str,
    *,
    open_browser: bool,
) -> None:
    """Shows that the service is at ``address``, and how to come in. With ``open_browser`` it opens the page.

    On a terminal the page's address has a one-time code in its fragment, and other devices of the network get
    a QR code with another one. Elsewhere lines are kept, as in a journal: then no code and no token is shown,
    only where the token is.
    """
    host, port = address
    page = f"http://{own_host(host)}:{port}/"
    tokens, codes = signing_in
    if not sys.stderr.isatty():
        say(f"Songwright is at {page}")
        if not settings.api_bearer_token.get_secret_value():
            say(f"Your token is in {private_folder(settings) / TOKEN_FILE}")
        if open_browser:
            _open(f"{page}#code={_code(tokens, codes)}", say)
        say("A browser signs in with that token, or by 'songwright open'.")
        return
    signed_in = f"{page}#code={_code(tokens, codes)}"
    say(f"Songwright is at {signed_in}")
    say("The address signs one browser in, once, within an hour; 'songwright open' makes another.")
    if network := _network_page(settings, port):
        for_phone = f"{network}#code={_code(tokens, codes)}"
        say(f"For a telephone in your network: {for_phone}")
        _show_qr(for_phone)
    if new_token:
        say(f"Your token, shown only now:  {new_token}")
    if not settings.api_bearer_token.get_secret_value():
        say(f"The token for programs is kept in {private_folder(settings) / TOKEN_FILE}")
    say("Ctrl-C stops.")
    if open_browser:
        _open(signed_in, say)


def _code(tokens: Tokens, codes: Codes) -> str:
    return codes.make(tokens.holders[0], FIRST_CODE_S)[0]


def _network_page(settings: Settings, port: int) -> str:
    """The page's address for other devices; empty where they cannot reach it."""
    if not (host := network_host(settings.host)):
        return ""
    if settings.public_url:
        return settings.public_url.rstrip("/") + "/"
    return f"http://{host}:{port}/"


def _show_qr(text: str) -> None:
    """Writes the code to the terminal, if it can show it."""
    lines = lines_of(text)
    encoding = (sys.stderr.encoding or "").lower().replace("-", "")
    size = shutil.get_terminal_size()
    plain = os.environ.get("TERM", "") == "dumb" or bool(os.environ.get("NO_COLOR"))
    if encoding == "utf8" and not plain and width_of(lines) <= size.columns:
        # Not by ``say``, which takes the colours away. It is all of our own making.
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()


def browser_here() -> webbrowser.BaseBrowser | None:
    """The browser of this machine that opens a window; None where there is none."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return None
    # One for terminals would take this one, runs no scripts, and a service would wait for it. What BROWSER
    # names, such as wslview, opens a window.
    if type(browser) is webbrowser.GenericBrowser and (
        browser.basename in _FOR_TERMINALS or not os.environ.get("BROWSER")
    ):
        return None
    return browser


def _open(address: str, say: Callable[[str], None]) -> None:
    """Opens the page in the user's browser, or says that there is none.

    The browser gets the address on its command line, where other users of this machine may see it for the
    moment that the page takes to use the code.
    """
    browser = browser_here()
    if browser is None:
        say("There is no browser here that can be opened: open the address in one yourself.")
        return

    def run() -> None:
        if not browser.open(address):
            say("The browser could not be opened: open the address in one yourself.")

    threading.Thread(target=run, name="browser", daemon=True).start()
