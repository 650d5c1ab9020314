"""Pictures of applicants for tests: a portrait whose face is real (NASA's public-domain photograph of Eileen Collins,
in scikit-image's wheel) and whose background, light and faults are drawn; signatures and papers are drawn whole."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

BLUE, RED, YELLOW, WHITE = (38, 78, 178), (196, 34, 40), (236, 202, 46), (243, 242, 240)
SIZE = (480, 640)


@cache
def sitter() -> tuple[Image.Image, Image.Image]:
    """Head and shoulders, and the mask that cuts them out, 340 by 453 pixels."""
    from skimage import data

    person = Image.fromarray(data.astronaut()).crop((60, 0, 400, 453))
    mask = Image.new("L", person.size)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((93, 14, 243, 126), fill=255)
    draw.ellipse((113, 30, 225, 196), fill=255)
    draw.ellipse((54, 148, 246, 297), fill=255)
    draw.polygon([(0, 268), (62, 206), (243, 240), (300, 300), (306, 350), (340, 345), (340, 453), (0, 453)], fill=255)
    return person, mask.filter(ImageFilter.GaussianBlur(1.2))


def wall(
    colour: tuple[int, int, int], size: tuple[int, int], *, light: float = 0.12, noise: float = 2.0
) -> Image.Image:
    """A wall or cloth of one colour, lit from the left, with the noise of a phone's camera."""
    width, height = size
    shade = 1 + light * (0.5 - np.linspace(0, 1, width))[None, :, None] * np.ones((height, 1, 1))
    grain = np.random.default_rng(7).normal(0, noise, (height, width, 3))
    return Image.fromarray(np.clip(np.array(colour) * shade + grain, 0, 255).astype(np.uint8))


def portrait(
    colour: tuple[int, int, int] = BLUE,
    *,
    size: tuple[int, int] = SIZE,
    scale: float = 1.0,
    behind: Image.Image | None = None,
    at: tuple[float, float] = (0.5, 1.0),
    **light: float,
) -> Image.Image:
    """The sitter before a wall. `scale` 1 fills the width; `at` is where the foot of the picture stands, in shares."""
    picture = behind.copy() if behind is not None else wall(colour, size, **light)
    person, mask = sitter()
    wide = round(size[0] * scale)
    shape = (wide, round(wide * 453 / 340))
    place = (round(size[0] * at[0] - wide / 2), round(size[1] * at[1]) - shape[1])
    picture.paste(person.resize(shape, Image.Resampling.LANCZOS), place, mask.resize(shape))
    return picture


def as_bytes(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """The file of a picture."""
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": 92} if kind in ("JPEG", "HEIF") else {}) | options)
    return out.getvalue()


def signature(
    size: tuple[int, int] = (900, 450),
    *,
    paper: tuple[int, int, int] = (240, 239, 236),
    ink: tuple[int, int, int] = (28, 27, 32),
    width: int = 7,
    light: float = 0.06,
) -> Image.Image:
    """A scribble in ink on plain paper."""
    picture = wall(paper, size, light=light, noise=1.5)
    steps = np.linspace(0, 1, 220)
    x = size[0] * (0.18 + 0.62 * steps)
    y = size[1] * (0.52 - 0.05 * steps + 0.2 * np.sin(steps * 31) * (1 - 0.6 * steps))
    draw = ImageDraw.Draw(picture)
    draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=ink, width=width, joint="curve")
    draw.line([(x[0], size[1] * 0.74), (x[-1], size[1] * 0.66)], fill=ink, width=width)
    return picture.filter(ImageFilter.GaussianBlur(0.7))


def paper(size: tuple[int, int] = (1240, 1754), *, lines: int = 40) -> Image.Image:
    """A photographed letter: rows of small marks on white paper."""
    picture = wall((238, 237, 233), size, light=0.08, noise=1.5)
    draw = ImageDraw.Draw(picture)
    chance = np.random.default_rng(3)
    for row in range(lines):
        y, x = round(size[1] * (0.08 + 0.84 * row / lines)), size[0] * 0.1
        while x < size[0] * 0.9:
            word = chance.integers(20, 90)
            for letter in range(0, int(word), 11):
                draw.rectangle((x + letter, y, x + letter + 3 + letter % 4, y + 14), fill=(40, 40, 44))
            x += word + 18
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def fitting(rule: str | None) -> bytes:
    """A file that passes this rule of `app/data/photo_rules.yaml`; a paper where there is none."""
    if rule is None:
        return as_bytes(paper())
    if rule == "signature":
        return as_bytes(signature())
    tall = (480, 720)
    picture = {
        "sim": lambda: portrait(BLUE),
        "skck": lambda: portrait(RED, size=tall),
        "skck_foreigner": lambda: portrait(YELLOW, size=tall),
        "sim_international": lambda: portrait(WHITE, scale=0.8),
    }[rule]
    return as_bytes(picture())
