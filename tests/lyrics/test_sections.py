"""The words themselves, measured by phones over sixty briefs."""

import re
from collections import Counter

import pytest

from config.engine import ignore_progress
from lyrics.contract import PlanRequest, SongPlan
from lyrics.sketch.engine import SketchWriter
from lyrics.sketch.material.fields import CHORUS, fields
from lyrics.wishes.reading import read
from phonetics.rhyme import rhymes
from phonetics.words import count_syllables
from tests.lyrics.briefs import BRIEFS

WRITER = SketchWriter()
METRES = {"verse": (8, 10), "chorus": (8,), "pre-chorus": (8,), "bridge": (8,), "outro": (8,)}


def plan(description: str, seed: int = 1, duration_s: float = 180.0) -> SongPlan:
    request = PlanRequest(description=description, seed=seed, duration_s=duration_s)
    return WRITER.plan(request, ignore_progress)


def sections(lyrics: str) -> list[tuple[str, list[str]]]:
    blocks = [block.splitlines() for block in lyrics.strip().split("\n\n")]
    return [(lines[0].strip("[]"), lines[1:]) for lines in blocks]


PLANS = {brief: plan(brief) for brief in BRIEFS}


def test_there_are_sixty_different_briefs_and_titles() -> None:
    assert len(PLANS) == 60
    assert len({made.title for made in PLANS.values()}) >= 58


def couplets(genre: str, kind: str, lines: list[str]) -> list[tuple[str, str]]:
    """The pairs of lines that should rhyme: two and two; of a chorus the two that are no hook; of a blues
    verse, of three lines, the first and the last."""
    if kind == "chorus":
        one, other = (line for line in lines if line != lines[0])
        return [(one, other)]
    if kind == "verse" and genre == "blues":
        return [(lines[n], lines[n + 2]) for n in range(0, len(lines), 3)]
    return [(lines[n], lines[n + 1]) for n in range(0, len(lines) - 1, 2)]


def test_nine_of_ten_couplets_rhyme_by_phones() -> None:
    found = [
        pair
        for made in PLANS.values()
        for kind, lines in sections(made.lyrics)
        for pair in couplets(made.genre, kind, lines)
    ]
    assert len(found) > 500
    assert sum(rhymes(first, second) for first, second in found) / len(found) >= 0.97


def test_a_chorus_says_its_hook_twice_and_two_lines_of_its_field() -> None:
    forms = Counter()
    for made in PLANS.values():
        field = next(field for field in fields().values() if field.label == made.categories[-1])
        own = {(row.first, row.second) for row in field.parts[CHORUS]}
        for kind, lines in sections(made.lyrics):
            if kind == "chorus":
                assert len(lines) == 4
                places = [n for n, line in enumerate(lines) if line == lines[0]]
                assert places in ([0, 2], [0, 3])
                forms[tuple(places)] += 1
                assert tuple(line for line in lines if line != lines[0]) in own
    assert min(forms[0, 2], forms[0, 3]) > 20


def test_a_verse_of_the_blues_says_a_line_again_and_answers_it() -> None:
    for topic in ("rain", "losing my job", "a truck driver who misses his kids", "trains"):
        for kind, lines in sections(plan(f"a blues song about {topic}").lyrics):
            if kind == "verse":
                assert len(lines) % 3 == 0
                for n in range(0, len(lines), 3):
                    first, again, answer = (line.lower() for line in lines[n : n + 3])
                    assert again.endswith(first)
                    assert again != first
                    assert rhymes(first, answer)


def test_every_line_is_within_a_syllable_of_its_sections_metre() -> None:
    for made in PLANS.values():
        for kind, lines in sections(made.lyrics):
            counts = [count_syllables(line) for line in lines]
            if kind == "chorus":  # a short subject has a short hook
                hook = count_syllables(lines[0])
                assert hook >= 5, lines
                counts = [max(7, count) if count == hook else count for count in counts]
            if made.genre == "blues" and kind == "verse":  # "Lord," comes before the line that is said again
                counts = [count - (n % 3 == 1) for n, count in enumerate(counts)]
            metre = next((m for m in METRES[kind] if all(abs(count - m) <= 1 for count in counts)), None)
            assert metre is not None, (kind, counts, lines)


def test_no_line_comes_twice_outside_a_chorus() -> None:
    for made in PLANS.values():
        lines = [line for kind, block in sections(made.lyrics) if kind != "chorus" for line in block]
        assert max(Counter(lines).values()) == 1


def test_every_verse_has_a_word_of_the_theme() -> None:
    for brief, made in PLANS.items():
        wanted = set(made.theme)
        assert wanted & set(re.findall(r"[\w'-]+", brief.lower())), brief
        for kind, lines in sections(made.lyrics):
            if kind == "verse":
                assert wanted & set(re.findall(r"[\w'-]+", " ".join(lines).lower())), (brief, lines)


def test_the_chorus_hook_is_the_users_phrase() -> None:
    for made in PLANS.values():
        hook = next(lines for kind, lines in sections(made.lyrics) if kind == "chorus")[0].lower()
        assert any(hook.startswith(word) or f" {word}" in hook for word in made.theme), hook


def test_another_seed_writes_another_song() -> None:
    shared = []
    for brief in BRIEFS[:20]:
        one, two = (set(sung(plan(brief, seed).lyrics)) for seed in (1, 2))
        shared.append(len(one & two) / min(len(one), len(two)))
    assert sum(shared) / len(shared) < 0.4


def sung(lyrics: str) -> list[str]:
    return [line for _, lines in sections(lyrics) for line in lines]


@pytest.mark.parametrize(
    ("duration_s", "fewest", "most"),
    [(5, 1, 2), (15, 2, 6), (30, 4, 12), (60, 8, 24), (180, 20, 64), (600, 50, 110)],
)
def test_there_are_as_many_lines_as_the_time_can_hold(duration_s: float, fewest: int, most: int) -> None:
    for brief in BRIEFS[:20]:
        assert fewest <= len(sung(plan(brief, duration_s=duration_s).lyrics)) <= most


def test_a_ten_minute_song_still_repeats_no_verse() -> None:
    for brief in BRIEFS[:20]:
        lines = [
            line
            for kind, block in sections(plan(brief, duration_s=600).lyrics)
            if kind != "chorus"
            for line in block
        ]
        assert max(Counter(lines).values()) == 1


def test_the_briefs_are_read_for_what_they_are_about() -> None:
    assert read(BRIEFS[0]).theme == "neon rain"
    assert all(read(brief).theme for brief in BRIEFS)
