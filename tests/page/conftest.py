"""A real browser before a real server, and what no page may ever do, whatever is tested."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.long import SOAK
from tests.page.engines import HOLD
from tests.service.server import TOKEN, Server, holding, serving

HELD = {"SONGWRIGHT_MUSIC__ENGINE": "tests.page.engines:HeldComposer"}
DESKTOP = (1280, 900)
PHONE = (390, 844)
PATIENCE_MS = 30_000
"""For whatever comes at once on a machine without other work."""
expect.set_options(timeout=PATIENCE_MS)
SMALLEST_PX = 24  # WCAG 2.2, 2.5.8
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d{3})")

# A wide table in a box that scrolls by itself is fine; a page that moves sideways is not.
_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_CUT_OFF = """() => {
  // A word that goes on in the next line; Chinese has no spaces, and breaks where it will.
  const isBroken = (text) => [...text.data.matchAll(/\\p{Script=Latin}+/gu)].some((word) => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return new Set([...range.getClientRects()].map(({ top }) => top)).size > 1;
  });
  const stays = ".visually-hidden, .chips";
  return [...document.querySelectorAll("button, select, label, summary, h1, h2, h3, .modes span")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(stays))
    .filter((one) => {
      const { left, right, width } = one.getBoundingClientRect();
      const over = one.matches("button, .modes span") && one.scrollWidth > one.clientWidth + 1;
      const texts = [...one.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
      return width && (over || left < 0 || right > innerWidth || texts.some(isBroken));
    })
    .map((one) => `${one.outerHTML.slice(0, 120)} ${one.textContent}`);
}"""
_CONTROLS = "button, input, select, textarea, summary, audio, [role=slider], a:not(p a, td a, .skip)"
_SMALL = """([controls, least]) => [...document.querySelectorAll(controls)]
  .filter((control) => control.checkVisibility({ visibilityProperty: true }))
  .map((control) => [control, control.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < least || box.height < least))
  .map(([control, box]) => `${control.outerHTML.slice(0, 80)} ${box.width} x ${box.height}`)"""


class Visit:
    """One page in a browser of its own; ``faults`` gathers what no test needs to ask for by itself."""

    def __init__(self, page: Page, home: str, shots: Path | None) -> None:
        self.page = page
        self.home = home
        self.faults: list[str] = []
        self.expected: set[int] = set()
        """Statuses that the test has the server refuse with: the browser writes each to the console."""
        self.offline = False
        """Set it while the server cannot be reached: the browser says so in the console."""
        self._shots = shots
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        refused = _REFUSED.match(message.text)
        lost = self.offline and "net::ERR_" in message.text
        if not lost and not (refused and int(refused[1]) in self.expected):
            self.faults.append(f"console: {message.text} ({message.location['url']})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.home + "/", "data:", "blob:")):
            self.faults.append(f"another host: {request.url}")
        if TOKEN in request.url:
            self.faults.append(f"the token in an address: {request.url}")

    def look(
        self, name: str, *, sizes: tuple[tuple[int, int], ...] = (DESKTOP, PHONE), whole: bool = True
    ) -> None:
        """Holds the page as it stands to every size and both colour schemes. Where pictures are wanted, keeps
        one of each, of what is on the screen if not of the ``whole``."""
        before = self.page.viewport_size
        for width, height in sizes:
            self.page.set_viewport_size({"width": width, "height": height})
            assert self.page.evaluate(_SIDEWAYS) <= 0, f"{name} scrolls sideways at {width}"
            assert self.page.evaluate(_SMALL, [_CONTROLS, SMALLEST_PX]) == [], f"{name} at {width}"
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                # Each scheme and each size once; every pair of them by ``make test-soak``.
                if SOAK or len(sizes) == 1 or (scheme == "dark") == (width < 600):
                    assert findings(self.page) == [], f"{name} at {width} in {scheme}"
                if self._shots:
                    picture = self._shots / f"{name}-{width}-{scheme}.png"
                    self.page.screenshot(path=picture, full_page=whole)
        self.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        if before:
            self.page.set_viewport_size(before)

    def fits(self, name: str) -> None:
        """Holds the page to its width, as it stands, and all that has a label to its place: for views that
        differ from others only in their words. Where pictures are wanted, keeps one."""
        if self._shots:
            self.page.screenshot(path=self._shots / f"{name}.png", full_page=True)
        assert self.page.evaluate(_SIDEWAYS) <= 0, f"{name} scrolls sideways"
        assert self.page.evaluate(_CUT_OFF) == [], name


def findings(page: Page) -> list[str]:
    """What axe finds serious or critical."""
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{violation['id']}: {node['html'][:100]} ({node['failureSummary']})"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def work_of(page: Page) -> Callable[[], float]:
    """Says how many seconds of processor time the page's own thread has taken since: what else the machine
    does is not in it."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def worked_s() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "ThreadTime"))

    before = worked_s()
    return lambda: worked_s() - before


Visiting = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. It is let go with this folder's last test: until then its event loop counts as
    running in this process, and no other test could start one."""
    path = shutil.which("chromium")
    if path is None:
        missing = "the page is tested in Chromium, which is not here: apt install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        running = playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="package")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With quick engines, of which the composer can be held."""
    with serving(tmp_path_factory.mktemp("home"), **HELD) as running:
        yield running


@pytest.fixture
def held(server: Server) -> Iterator[Callable[[], None]]:
    """Holds every song at its half; call it to let them go."""
    with holding(server.home / HOLD) as let_go:
        yield let_go


@pytest.fixture
def visiting(browser: Browser) -> Visiting:
    """Opens a server's page, as one who has given the token before unless ``token`` is False. Keeps pictures
    in the folder ``SONGWRIGHT_SCREENSHOTS``, if that is set. ``expected`` is for what is refused while the
    page opens."""
    folder = os.environ.get("SONGWRIGHT_SCREENSHOTS")
    shots = Path(folder) if folder else None

    @contextmanager
    def visit(
        server: Server,
        path: str = "/",
        *,
        token: bool = True,
        size: tuple[int, int] = DESKTOP,
        expected: frozenset[int] = frozenset(),
        **options: Any,
    ) -> Iterator[Visit]:
        kept = [{"name": "songwright.token", "value": TOKEN}] if token else []
        state = {"origins": [{"origin": server.url, "localStorage": kept}]}
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, storage_state=state, accept_downloads=True, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        visit = Visit(context.new_page(), server.url, shots)
        visit.expected |= expected
        visit.page.goto(server.url + path)
        if path.partition("#")[0] == "/":  # the page asks first whether it is signed in
            visit.page.locator("html[data-wired]").wait_for(state="attached")
        try:
            yield visit
        finally:
            context.close()
        assert visit.faults == []

    return visit
