"""The README's pictures and sound, from the newest song that ``make song`` made here: ``make picture``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

from config.settings import load_settings
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song
from storage.local import LocalStore
from tests.service.server import TOKEN, serving

HERE = Path(__file__).parent
FONT = HERE.parent / "art" / "fonts" / "manrope-latin-700-normal.woff"
WIDTH, HEIGHT, MARGIN = 1200, 440, 40
EXCERPT_S = 30.0
BACKGROUND, WAVE, CHORUS, TEXT = (16, 18, 27), (92, 200, 214), (242, 108, 167), (205, 210, 224)


def waveform(song: Song, audio: Path) -> Image.Image:
    """Peaks of each column, choruses in a second colour, section names above."""
    assert song.music is not None
    samples, rate = soundfile.read(audio, dtype="float32")
    mono = np.abs(samples).max(axis=1)
    columns = np.array_split(mono, WIDTH - 2 * MARGIN)
    image = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(FONT, 16)
    middle, half = HEIGHT // 2 + 20, HEIGHT // 2 - 60
    seconds_per_column = len(mono) / rate / len(columns)
    for x, column in enumerate(columns):
        now = x * seconds_per_column
        kind = next((s.kind for s in song.music.sections if s.start_s <= now < s.end_s), "")
        peak = float(np.sqrt(np.mean(column**2)) * 2.2)
        top = max(1, min(half, round(half * peak)))
        colour = CHORUS if kind == "chorus" else WAVE
        draw.line((MARGIN + x, middle - top, MARGIN + x, middle + top), fill=colour)
    for section in song.music.sections:
        x = MARGIN + section.start_s / seconds_per_column
        draw.line((x, 70, x, HEIGHT - 30), fill=(60, 64, 80))
        if font.getlength(section.kind) + 8 < (section.end_s - section.start_s) / seconds_per_column:
            draw.text((x + 5, 44), section.kind, font=font, fill=TEXT)
    facts = f"{song.title}   {song.music.key}, {song.music.tempo_bpm:.4g} BPM, {song.music.duration_s:.0f} s"
    draw.text((MARGIN, 12), facts, font=font, fill=(255, 255, 255))
    return image


def excerpt(song: Song, audio: Path, drawn: Path) -> None:
    """The first chorus, at most half a minute of it, as an MP3 that fades out."""
    assert song.music is not None
    chorus = next(section for section in song.music.sections if section.kind == "chorus")
    samples, rate = soundfile.read(audio, dtype="float32")
    first = round(chorus.start_s * rate)
    part = samples[first : first + round(min(EXCERPT_S, chorus.end_s - chorus.start_s) * rate)]
    fade = np.linspace(1.0, 0.0, min(rate, len(part)), dtype=np.float32)
    part[-len(fade) :] *= fade[:, np.newaxis]
    soundfile.write(drawn, part, rate, format="MP3", compression_level=0.7)


def page(song: Song, home: Path, drawn: Path) -> None:
    """The page with the song on it, while its lyrics are sung."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("the page is drawn by Chromium, which is not here: apt install chromium")
    with serving(home, ready=False) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        kept = [{"name": "songwright.token", "value": TOKEN}]
        view = browser.new_page(
            viewport={"width": 1440, "height": 900},
            color_scheme="dark",
            storage_state={"origins": [{"origin": server.url, "localStorage": kept}]},
        )
        view.goto(f"{server.url}/#song/{song.id}")
        view.get_by_role("slider").first.wait_for()
        view.evaluate("() => { document.querySelector('audio').currentTime = 42 }")
        view.wait_for_timeout(1000)
        view.screenshot(path=drawn)
        browser.close()


def main() -> None:
    home = load_settings().home
    library = Library(LocalStore(home))
    song = next(song for song in library.songs() if song.status == "done")
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "waveform.png"
        audio = library.store.path(song.assets["audio"].key)
        excerpt(song, audio, HERE / "song.mp3")
        waveform(song, audio).save(drawn, optimize=True)
        shutil.copy(drawn, HERE / "waveform.png")
        page(song, home, drawn)
        with Image.open(drawn) as shot:
            shot.convert("RGB").quantize(256).save(HERE / "page.png", optimize=True)
    with Image.open(library.store.path(song.assets["cover"].key)) as cover:
        cover.resize((440, 440), Image.Resampling.LANCZOS).save(HERE / "cover.png", optimize=True)


if __name__ == "__main__":
    main()
