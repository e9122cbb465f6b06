"""The prompt layer: every value of its tables at both ends, and what becomes of any wish."""

from random import Random
from typing import get_args

import pytest

from lyrics.contract import GENRES, MOODS, SongPlan
from orchestrator.compat import prompt_tables as tables
from orchestrator.compat.prompt_tables import Scale, VocalType, at
from orchestrator.compat.prompting import QUALITY, Wish, plan_of, plan_of_prompt, prompt_of, tags_of, words_of

EXAMPLE = Wish("joyful", 8, ("electronic",), 120, 7, "instrumental")


def prompt(wish: Wish) -> str:
    return ", ".join(words_of(wish))


def test_the_worked_example_has_the_same_factors_in_the_same_order_in_25_words() -> None:
    # The blueprint's own answer, which has 26: "with" parts what are two phrases here.
    theirs = (
        "modern electronic, uplifting cheerful, moderate upbeat tempo, with synthesizers, electronic drums, "
        "bass, pristine clarity with professional mastering, instrumental, no vocals, "
        "powerful driving dynamics, high quality production"
    )
    assert prompt(EXAMPLE) == theirs.replace(" with professional", ", professional")
    assert len(prompt(EXAMPLE).split()) == 25


def ends(scale: Scale[object], lowest: float) -> list[tuple[float, float]]:
    """Both ends of each step: its first value is just past the one before."""
    starts = [lowest, *(step.upto + 0.01 for step in scale[:-1])]
    return [(start, step.upto) for start, step in zip(starts, scale, strict=True)]


@pytest.mark.parametrize(
    ("scale", "lowest", "expected"),
    [
        (
            tables.TEMPI,
            40,
            {
                (40, 60): "very slow tempo",
                (60.01, 80): "slow relaxed tempo",
                (80.01, 100): "steady moderate tempo",
                (100.01, 125): "moderate upbeat tempo",
                (125.01, 150): "fast energetic tempo",
                (150.01, 220): "very fast tempo",
            },
        ),
        (
            tables.ENERGIES,
            0,
            {
                (0, 2): tables.Energy("soft gentle dynamics", 72),
                (2.01, 4): tables.Energy("restrained flowing dynamics", 90),
                (4.01, 6): tables.Energy("moderate balanced dynamics", 108),
                (6.01, 8): tables.Energy("powerful driving dynamics", 122),
                (8.01, 10): tables.Energy("explosive intense dynamics", 140),
            },
        ),
        (
            tables.STYLES,
            0,
            {
                (0, 2): tables.Style("1980s", ("warm analog", "vintage tape")),
                (2.01, 4): tables.Style("1990s", ("gritty texture", "punchy compression")),
                (4.01, 6): tables.Style("modern", ("clean balance", "polished mixing")),
                (6.01, 8): tables.Style("modern", ("pristine clarity", "professional mastering")),
                (8.01, 10): tables.Style("modern cinematic", ("spacious depth", "immersive mastering")),
            },
        ),
    ],
    ids=["tempo", "energy", "style"],
)
def test_a_scale_means_the_same_from_one_end_of_a_step_to_the_other(
    scale: Scale[object], lowest: float, expected: dict[tuple[float, float], object]
) -> None:
    assert ends(scale, lowest) == list(expected)
    for (first, last), means in expected.items():
        assert at(scale, first) == at(scale, (first + last) / 2) == at(scale, last) == means


@pytest.mark.parametrize("level", range(11))
def test_each_energy_and_each_style_is_heard_in_the_prompt(level: int) -> None:
    assert at(tables.ENERGIES, level).dynamics in prompt(Wish("calm", level, ("pop",)))
    style = at(tables.STYLES, level)
    said = words_of(Wish("calm", 5, ("pop",), style_level=level))
    assert said[0] == f"{style.era} pop"
    assert style.production[0] in said


@pytest.mark.parametrize("mood", tables.MOODS)
def test_each_mood_is_two_words_a_mood_of_the_contract_and_a_key(mood: str) -> None:
    known = tables.MOODS[mood]
    assert len(known.words.split()) == 2
    assert known.mood in MOODS
    assert words_of(Wish(mood, 5, ("pop",)))[1] == known.words
    plan = plan_of(Wish(mood.upper(), 5, ("pop",)), "sketch")
    assert (plan.mood, plan.key) == (known.mood, known.key)


def test_every_mood_of_the_contract_is_known_and_other_names_lead_to_one() -> None:
    assert set(MOODS) <= set(tables.MOODS)
    assert plan_of(Wish("quietly sad", 5, ("pop",)), "sketch").mood == "melancholic"
    assert words_of(Wish("sepia-toned", 5, ("pop",)))[1] == "sepia-toned"


@pytest.mark.parametrize("vocal_type", get_args(VocalType))
def test_each_vocal_type_has_words_and_a_voice(vocal_type: VocalType) -> None:
    vocals = tables.VOCALS[vocal_type]
    assert vocals.words[0] in words_of(Wish("calm", 5, ("pop",), vocal_type=vocal_type))
    assert (vocals.voice == "none") == (vocal_type in ("instrumental", "none"))
    assert plan_of(Wish("calm", 5, ("pop",), vocal_type=vocal_type), "musicgen").voice == vocals.voice
    assert set(tables.VOCALS) == set(get_args(VocalType))


@pytest.mark.parametrize("genre", tables.INSTRUMENTS)
def test_each_genre_has_two_to_four_instruments_of_its_own(genre: str) -> None:
    players = tables.INSTRUMENTS[genre]
    assert 2 <= len(players) <= 4
    assert all(len(name.split()) <= 2 for name in players)
    said = prompt(Wish("calm", 5, (genre,)))
    assert f"with {players[0]}, {players[1]}" in said
    assert genre in said


def test_every_genre_of_the_contract_has_instruments_and_a_kind_of_it_takes_them() -> None:
    assert set(GENRES) <= set(tables.INSTRUMENTS)
    assert "breakbeats" in prompt(Wish("dark", 9, ("liquid drum and bass",)))
    assert "boom-bap drums" in prompt(Wish("dark", 5, ("Hip-Hop",)))
    assert "with keyboards, guitar" in prompt(Wish("dark", 5, ("gamelan",)))


def test_instruments_that_are_asked_for_play_and_one_alone_is_joined_by_the_genres() -> None:
    said = prompt(Wish("calm", 5, ("jazz",), instruments=("Vibraphone", "old Hammond organ, worn")))
    assert "with vibraphone, organ worn" in said
    assert "saxophone" not in said
    assert "with flute, piano" in prompt(Wish("calm", 5, ("jazz",), instruments=("flute",)))
    assert "with flute, piano" in prompt(Wish("calm", 5, ("jazz",), instruments=("flute", "Flute", " ")))


def test_any_wish_is_told_in_10_to_25_words_and_ends_in_quality() -> None:
    rng = Random(1)
    words = [
        "deep",
        "R&B",
        "drum",
        "and",
        "Bass",
        "ümlaut",
        "雨",
        ",",
        "piano;",
        "solo",
        "808",
        "x" * 20,
        ".",
    ]

    def text() -> str:
        return " ".join(rng.choices(words, k=rng.randint(1, 8)))

    names = (*tables.INSTRUMENTS, *GENRES)
    lengths = set()
    for _ in range(5000):
        genres = tuple(rng.choice((text(), rng.choice(names))) for _ in range(rng.randint(1, 3)))
        wish = Wish(
            mood=rng.choice((text(), rng.choice(tuple(tables.MOODS)))),
            energy=rng.uniform(0, 10),
            genres=genres,
            tempo_bpm=rng.choice((None, rng.uniform(40, 220))),
            style_level=rng.uniform(0, 10),
            vocal_type=rng.choice(get_args(VocalType)),
            instruments=tuple(text() for _ in range(rng.choice((0, 0, 1, 2, 5)))),
        )
        said = words_of(wish)
        lengths.add(len(", ".join(said).split()))
        assert said[-1] == QUALITY
        for engine in ("musicgen", "acestep", "sketch"):
            plan = plan_of(wish, engine)
            assert SongPlan.model_validate(plan.model_dump()) == plan, "within the contract's bounds"
            assert len(set(plan.categories)) == len(plan.categories)
            assert plan.lyrics == ""
    assert min(lengths) >= 10
    assert max(lengths) == 25


def test_each_engine_is_told_as_it_likes_best() -> None:
    assert [prompt_of(name) for name in ("musicgen", "audiocraft", "acestep", "sketch", "mine:Own")] == [
        "words",
        "words",
        "tags",
        "fields",
        "words",
    ]
    assert plan_of(EXAMPLE, "musicgen").tags == words_of(EXAMPLE)
    assert plan_of(EXAMPLE, "acestep").tags == tags_of(EXAMPLE)
    assert tags_of(EXAMPLE) == (
        "electronic",
        "uplifting",
        "cheerful",
        "120 BPM",
        "instrumental",
        "synthesizers",
        "electronic drums",
        "bass",
        "modern",
        "pristine clarity",
        "professional mastering",
        "powerful driving dynamics",
    )


def test_the_plan_has_the_wishs_own_fields_for_an_engine_that_reads_no_words() -> None:
    wish = Wish("joyful", 8, ("r&b", "pop"), 121.5, 1, "female", ("organ", "flute"))
    plan = plan_of(wish, "sketch")
    assert (plan.genre, plan.mood, plan.energy, plan.tempo_bpm) == ("r&b", "joyful", 8, 121.5)
    assert plan.tempo_fixed
    assert (plan.voice, plan.instruments) == ("female", ("organ", "flute"))
    assert plan.title == "Joyful R&B"
    assert plan.categories == ("R&B", "Joyful", "Vocal", "1980s", "Music")
    assert "no words to sing" in plan.warnings[0]
    assert plan_of(wish, "musicgen").warnings == ()


def test_a_tempo_that_nobody_names_comes_from_the_energy_and_may_move() -> None:
    plan = plan_of(Wish("calm", 1, ("ambient",)), "sketch")
    assert (plan.tempo_bpm, plan.tempo_fixed) == (72, False)


def test_a_prompt_goes_to_the_engine_as_it_is() -> None:
    text = "  jazzy piano solo,  in a very large room " + "x" * 100
    plan = plan_of_prompt(text)
    assert ", ".join(plan.tags) == text
    assert plan.title == text.strip()[:80]
