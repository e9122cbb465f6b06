import pytest

from lyrics.contract import PlanRequest
from lyrics.sketch.engine import SketchWriter
from reading.headings import SECTION_WORDS, heading, section_kind


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("[Chorus]", "chorus"),
        ("  [Refrão x2] ", "chorus"),
        ("Estribillo:", "chorus"),
        ("Chorus 2:", "chorus"),
        ("Pre-Chorus:", "pre-chorus"),
        ("[Middle 8]", "bridge"),
        ("[guitar solo]", "instrumental"),
        ("[anything else]", "verse"),
        ("verse 3 :", "verse"),
    ],
)
def test_a_heading_names_its_section(line: str, kind: str) -> None:
    text = heading(line)
    assert text is not None
    assert section_kind(text) == kind


@pytest.mark.parametrize(
    "line", ["Music: the food of love", "Music:", "The end:", "chorus", "[not] a heading", ""]
)
def test_a_line_that_may_be_sung_is_no_heading(line: str) -> None:
    assert heading(line) is None


@pytest.mark.parametrize("word", SECTION_WORDS["chorus"])
def test_a_title_comes_from_what_the_singer_takes_for_the_chorus(word: str) -> None:
    lyrics = f"[verse]\nall along the river\n[{word}]\ncarry me home\n[verse]\nin the evening light"
    plan = SketchWriter().plan(PlanRequest(description="folk", lyrics=lyrics, seed=1), lambda *_: None)
    assert plan.title.lower() == "carry me home"
