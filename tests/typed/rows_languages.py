"""Languages: the one that lyrics are in, and the one that is asked for."""

from typing import Any

from tests.typed.table import Has, Lacks, Row, about, sung, with_lyrics

QWEN = Has("engine 'qwen' writes")


def asks(sentence: str, name: str) -> Row:
    """The embedded writer says that it wrote English and who writes the language that was asked for."""
    warnings = (Has(f"lyrics in {name} were wanted, and engine 'sketch' wrote them in English"), QWEN)
    return about(11, sentence, language="en", warnings=warnings)


def asks_none(sentence: str) -> Row:
    return about(11, sentence, language="en", warnings=(Lacks("wanted"), Lacks("imitated")))


def own(lyrics: str, language: str, name: str) -> Row:
    """The words are in that language, and the embedded singer says how it sings them."""
    note = Has(f"sings English sounds: the lyrics are in {name}")
    return with_lyrics(11, lyrics, language=language, lyrics=lyrics, warnings=note)


def english(lyrics: str) -> Row:
    return with_lyrics(11, lyrics, language="en", warnings=[])


def edited(language: str, lyrics: str = "[verse]\nWalking home in the rain", /, **expected: Any) -> Row:
    plan = {
        "title": "Home", "tags": ["pop"], "lyrics": lyrics, "categories": ["Pop", "Calm", "Rain"],
        "genre": "pop", "mood": "calm", "energy": 4, "tempo_bpm": 100.0, "key": "C major", "voice": "female",
        "language": language, "cover_prompt": "a street in the rain",
    }  # fmt: skip
    return Row(11, "plan", {"prompt": "pop", "lyrics": "x", "plan": plan}, expected)


ROWS: list[Row] = [
    # The language that is asked for.
    asks("a pop song in Spanish about rain", "Spanish"),
    asks("ein Lied auf Deutsch", "German"),
    asks("a ballad, sung in Korean, about the sea", "Korean"),
    asks("k-pop in Korean", "Korean"),
    asks("city pop with Japanese lyrics", "Japanese"),
    asks("una canción en español sobre el mar", "Spanish"),
    asks("une chanson en français, guitare", "French"),
    asks("una canzone in italiano, piano", "Italian"),
    asks("日本語で、夜のドライブ", "Japanese"),
    asks("песня на русском про дождь", "Russian"),
    asks("lo-fi, lyrics: French", "French"),
    asks("pop, language: pt-BR", "Portuguese"),
    asks("rock with German vocals", "German"),
    asks("a Turkish song, slow", "Turkish"),
    asks("drill, rap in Polish", "Polish"),
    asks("bossa nova in Brazilian Portuguese about the sea", "Portuguese"),
    asks("epic choir in Latin, with vocals", "Latin"),
    asks("Bollywood dance, vocals in Hindi", "Hindi"),
    asks("schlager op z'n Nederlands", "Dutch"),
    asks("indie pop på svenska", "Swedish"),
    asks("pop, magyarul", "Hungarian"),
    asks("中文歌，关于月亮", "Chinese"),
    asks("한국어로 부르는 발라드", "Korean"),
    # The description itself is in another language.
    asks("ein trauriges Lied über den Regen", "German"),
    asks("una balada triste sobre la lluvia", "Spanish"),
    asks("triste canção sobre a chuva", "Portuguese"),
    asks("chanson triste sur la pluie", "French"),
    asks("een droevig liedje over de regen", "Dutch"),
    asks("печальная песня о дожде", "Russian"),
    asks("雨についての悲しい歌", "Japanese"),
    Row(
        11,
        "plan",
        {"prompt": "pop", "described_lyrics": "un amor perdido en la lluvia", "seed": 7},
        {"warnings": Has("lyrics in Spanish were wanted")},
    ),
    Row(
        11,
        "plan",
        {"prompt": "pop, in French", "described_lyrics": "lost love", "seed": 7},
        {"warnings": Has("lyrics in French were wanted")},
    ),
    # "in Spanish" is no part of the subject.
    about(11, "a pop song about rain in Spanish", title="Rain Is Calling Me", warnings=Has("Spanish")),
    # Nobody asks for a language here.
    *map(
        asks_none,
        (
            "Spanish guitar ballad about the sea",
            "french horn and strings, epic",
            "a song about an English breakfast",
            "a summer in Germany",
            "latin jazz, 120 BPM",
            "a dinner in an Italian restaurant",
            "a song about learning Spanish in Madrid",
            "flamenco in Spanish style",
            "walking in Spanish Harlem",
            "German techno, dark",
            "French house, filtered disco",
            "an Irish folk song about a ship",
            "a song about a girl who whispers in French",
            "a song about a Russian doll",
            "pop, not in Spanish",
            "pop in English about the moon",
            "lo-fi chill samba bossa nova rain",
            "salsa cumbia merengue bachata",
            "dreamy synthwave retro neon arpeggio pads",
            "Chinese new year fireworks",
            "Swedish pop about the sea",
            "English folk about a Danish king",
            "Turkish delight, a Polish, shiny sound",
        ),
    ),
    # The user's own words.
    own("Te quiero mucho, mi amor\nla noche es nuestra", "es", "Spanish"),
    own("Bonjour mon amour", "fr", "French"),
    own("Ti amo, solo tu", "it", "Italian"),
    own("Ich gehe durch den Regen\nund denke an dich", "de", "German"),
    own("Eu não sei parar de te olhar", "pt", "Portuguese"),
    own("Ik hou van jou", "nl", "Dutch"),
    own("Jag älskar dig", "sv", "Swedish"),
    own("Kocham cię, moja miłość", "pl", "Polish"),
    own("Seni seviyorum, bu gece", "tr", "Turkish"),
    own("Я тебя люблю", "ru", "Russian"),
    own("Я тебе кохаю", "uk", "Ukrainian"),
    own("君が好きだと叫びたい", "ja", "Japanese"),
    own("我爱你 在月亮下", "zh", "Chinese"),
    own("사랑해 오늘 밤\nbaby tonight", "ko", "Korean"),
    own("أحبك يا قمر", "ar", "Arabic"),
    own("אני אוהב אותך", "he", "Hebrew"),
    own("Σ' αγαπώ", "el", "Greek"),
    own("मैं तुमसे प्यार करता हूँ", "hi", "Hindi"),
    own("ฉันรักเธอ", "th", "Thai"),
    own("[verse]\nAku cinta kamu\n\n[chorus]\nla la la la", "id", "Indonesian"),
    english("la la la\noh yeah\nna na na"),
    english("Hello world"),
    english("Night drive"),
    english("Paper boats"),
    english("[verse]\nC'est la vie, that's what they say\n[chorus]\nHasta la vista, I'm going home tonight"),
    with_lyrics(
        11,
        "Te quiero mucho, mi amor",
        prompt="pop in French",
        language="es",
        warnings=Has("French is asked for, and the lyrics are in Spanish: they are sung as they are"),
    ),
    # A plan that is sent back.
    edited("EN", language="en", warnings=[]),
    edited("English", language="en", warnings=[]),
    edited("eng", language="en", warnings=[]),
    edited("en-GB", language="en", warnings=[]),
    edited("Klingonish tongue", language="en", warnings=Has("plan.language 'klingonish tongue' is not")),
    edited("", language="en", warnings=Has("plan.language '' is not a language that is known")),
    edited("español", "[verse]\nTe quiero mucho, mi amor", language="es", warnings=Lacks("look like")),
    edited("en", "[verse]\nTe quiero mucho, mi amor", language="en", warnings=Has("set 'es' if they are")),
    # A song: what is said where it is sung.
    sung(
        11,
        "[verse]\nTe quiero mucho",
        **{
            "plan.language": "es",
            "lrc": Has("[la:es]"),
            "warnings": Has("engine 'sketch' sings English sounds: the lyrics are in Spanish"),
        },
    ),
    sung(11, "[verse]\nWalking home tonight", **{"lrc": Has("[la:en]"), "warnings": []}),
]
