"""Everything that people read on the page is there in every language."""

from itertools import chain

import pytest
from playwright.sync_api import expect

from tests.page.conftest import DESKTOP, PHONE, Visiting
from tests.page.sentences import (
    LANGUAGES,
    WEB,
    of_document,
    of_module,
    of_share_pages,
    table_of,
    values_in,
)
from tests.page.test_costs import kept
from tests.service.server import Server

DOCUMENTS = sorted(WEB.glob("*.html"))
MODULES = sorted(path for path in WEB.rglob("*.js") if path.parent.name != "languages")
SENTENCES = sorted(
    of_share_pages().union(
        chain.from_iterable(of_document(path) for path in DOCUMENTS),
        *(of_module(path)[0] for path in MODULES),
    )
)

_UNFOLD = """() => {
  for (const one of document.querySelectorAll("details")) one.open = true;
  for (const id of ["library-filters", "library-bulk", "plan", "plan-stale", "lineage-part", "finish-button",
                    "change-part", "stems-part", "player", "compare-button", "progress"])
    document.getElementById(id).hidden = false;
}"""
_WORDS = """() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (!parentElement.closest("[translate=no]")) found.push(data.trim().replace(/\\s+/g, " "));
  }
  for (const name of ["placeholder", "aria-label", "title", "alt"])
    for (const one of document.querySelectorAll(`[${name}]`))
      if (!one.closest("[translate=no]")) found.push(one.getAttribute(name));
  return found;
}"""


def test_there_are_sentences_and_languages() -> None:
    assert len(SENTENCES) > 100
    assert set(LANGUAGES) >= {"de", "es", "fr"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_with_its_values(language: str) -> None:
    table = table_of(language)
    assert [sentence for sentence in SENTENCES if not table.get(sentence)] == []
    assert [sentence for sentence in table if sentence not in SENTENCES] == [], "nothing shows these"
    assert [one for one, other in table.items() if values_in(one) != values_in(other)] == []


def test_no_sentence_is_put_together_before_it_is_translated() -> None:
    """A template would never be found in a table. What tables hold is in ``sentences._TABLES``."""
    for path in MODULES:
        assert not [call for call in of_module(path)[1] if call.endswith("`")], path.name


@pytest.mark.parametrize("language", [name for name in LANGUAGES if table_of(name)])
def test_the_page_is_in_the_language_and_nothing_is_cut_off(
    language: str, server: Server, visiting: Visiting
) -> None:
    table = table_of(language)
    song = kept(server, 41, "L40S")
    with visiting(server, f"/#song/{song.id}", size=PHONE, locale=language) as visit:
        page = visit.page
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("#facts")).to_contain_text(table["Cost"])
        page.evaluate(_UNFOLD)
        for tab in ("create", "library", "song"):
            page.locator(f"#tabs [data-tab={tab}]").click()
            visit.fits(f"{language}-{tab}")
        for name in page.locator("dialog").evaluate_all("(all) => all.map(({ id }) => id)"):
            page.evaluate("(id) => document.getElementById(id).showModal()", name)
            visit.fits(f"{language}-{name}")
            page.evaluate("(id) => document.getElementById(id).close()", name)
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        visit.fits(f"{language}-desktop")
        shown = set(page.evaluate(_WORDS))
        assert table["Make a song"] in shown
        assert shown.intersection(table).difference(table.values()) == set()
