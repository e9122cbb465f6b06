"""Everything that people read on the page is there in every language."""

from itertools import chain

import pytest

from tests.page.sentences import (
    LANGUAGES,
    WEB,
    of_document,
    of_module,
    of_share_pages,
    table_of,
    values_in,
)

DOCUMENTS = sorted(WEB.glob("*.html"))
MODULES = sorted(path for path in WEB.rglob("*.js") if path.parent.name != "languages")
SENTENCES = sorted(
    of_share_pages().union(
        chain.from_iterable(of_document(path) for path in DOCUMENTS),
        *(of_module(path)[0] for path in MODULES),
    )
)


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
