"""What a second look at the readings found: each of these was wrong once."""

from tests.typed.table import Has, Lacks, Row, about, with_lyrics

ROWS: list[Row] = [
    about(8, "soulful, no autotune, female choir", voice="choir", warnings=[], title=Lacks("female")),
    about(8, "female backing vocals, pop", title=Lacks("female")),
    about(8, "male vocals, no male vocals", voice="female", warnings=Has("a male voice and against one")),
    about(8, "heavy metal but with no distortion", tags=Lacks("distort"), exclude=["distortion"]),
    about(8, "dance pop but no synths, no 808s", exclude=["synths", "808s"], warnings=[]),
    about(9, "a song that isn't about love", theme=Lacks("love"), title=Lacks("love")),
    about(9, "a song not about love but about war", theme=["war"]),
    about(9, "a song about not giving up", theme=["giving", "up"]),
    about(9, "song about 30 Seconds to Mars concerts", warnings=[]),
    about(9, "boss battle music for a game", voice="none", warnings=Has("was taken for an instrumental")),
    about(9, "something like a mix of ABBA and Queen about stars", theme=["stars"], warnings=Has('"Queen"')),
    about(10, "half-time 140 trap about money", tempo_bpm=140.0, tempo_fixed=True, theme=["money"]),
    about(10, "prog rock in 9/8", genre="rock", theme=Lacks("prog"), warnings=Has("metre 9/8")),
    about(10, "tempo 70-ish, key C# minor", tempo_bpm=70.0, key="C# minor", theme=Lacks("ish")),
    about(11, "Blues in E, 12 bar, shuffle", warnings=[], key="E major", theme=Lacks("shuffle")),
    about(11, "une chanson triste sur la pluie", theme=["la", "pluie"], warnings=Has("lyrics in French")),
    about(11, "una canción de amor en español", theme=["amor"], warnings=Has("lyrics in Spanish")),
    with_lyrics(4, "[Verse]\n你好世界\n[Chorus]\n唱歌吧", title="唱歌吧", language="zh"),
    with_lyrics(12, "we sing 1,000,000", title="We Sing 1,000,000", warnings=[]),
    with_lyrics(4, "Come on (ooh)\nWe go", title="Come On"),
    with_lyrics(
        9, "We are walking down the endless winding road tonight", title="We Are Walking Down", warnings=[]
    ),
]
