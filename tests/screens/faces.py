"""What the cameras of the pictures see: a person of cut paper, without features, as no one in particular looks."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

SIZE = (640, 480)
WALL, FRAME, HAIR, SKIN, COAT = "#cfc7bd", "#e9e4dc", "#6b5f57", "#e8e0d2", "#93826d"


def drawn(shift: int) -> Image.Image:
    """One frame; the person sways a little, so that the picture is seen to move."""
    frame = Image.new("RGB", SIZE, WALL)
    pen = ImageDraw.Draw(frame)
    pen.rectangle((90, 0, 104, 480), fill="#bdb4a9")
    pen.rectangle((500, 90, 580, 170), outline="#b3a99d", width=8, fill=FRAME)
    x = 320 + shift
    pen.rounded_rectangle((x - 98, 118, x + 98, 372), radius=92, fill=HAIR)
    pen.rectangle((x - 30, 300, x + 30, 390), fill="#d9cfbf")
    pen.ellipse((x - 170, 360, x + 170, 640), fill=COAT)
    pen.ellipse((x - 72, 150, x + 72, 330), fill=SKIN)
    pen.pieslice((x - 84, 126, x + 84, 262), 180, 360, fill=HAIR)
    return frame


def film(path: Path) -> Path:
    """Write what a camera is given: a second of it, played again and again."""
    with path.open("wb") as file:
        for number in range(30):
            drawn(abs(number % 30 - 15) // 4).save(file, "JPEG", quality=90)
    return path


def camera_of(folder: Path) -> list[str]:
    """The arguments of a browser that sees it."""
    return [f"--use-file-for-fake-video-capture={film(folder / 'person.mjpeg')}"]
