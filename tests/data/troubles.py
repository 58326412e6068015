"""A folder of images with one of every trouble there is, for the tests of all that must find them.

The good images, and those with a trouble that is not in their pixels, are pictures drawn at random: no two are alike.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from .made import encoded, png_of_size

CLASSES = ("gato", "perro", "pájaro")
GOOD_OF_EACH_CLASS = 24

_SEED = 7
_SIZE = (96, 72)  # width and height in pixels
_OTHER_SCRIPTS = {"gato": ("猫 写真.jpg", "قطة.jpg"), "perro": ("собака №5.jpg", "개.jpg"), "pájaro": ("🐦 ave.jpg",)}

_Planted = Iterator[tuple[str, str, bytes]]  # its path, its kind, and the file


def make_trouble_folder(root: Path) -> dict[str, str]:
    """Make a data set of class folders in ``root``, the same every time, with one of each trouble.

    Returns:
        The relative posix path of everything planted → its kind. What is not in it is a good image.
    """
    rng = np.random.default_rng(_SEED)
    good = {path: _jpeg(_picture(rng)) for path in _good_paths()}
    planted = [
        *_unreadable(rng),
        *_met_in_decoding(rng),
        *_unlike_the_others(rng),
        *_seen_before(good),
        *_passed_over(rng),
    ]
    for path, data in [*good.items(), *((path, data) for path, _, data in planted)]:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    kinds = {path: kind for path, kind, _ in planted}
    kinds[".git"] = kinds.pop(".git/objects/1.jpg")  # the folder is one thing
    kinds["serpiente"] = "no_images"
    try:
        (root / "gato/enlace.jpg").symlink_to(Path(__file__).resolve())
        kinds["gato/enlace.jpg"] = "link"
    except OSError:  # Windows allows links to few
        pass
    return kinds


def _good_paths() -> Iterator[str]:
    for name in CLASSES:
        others = _OTHER_SCRIPTS[name]
        numbered = (f"foto {number:02}.jpg" for number in range(GOOD_OF_EACH_CLASS - len(others)))
        yield from (f"{name}/{file}" for file in (*others, *numbered))


def _unreadable(rng: np.random.Generator) -> _Planted:
    whole = _jpeg(_picture(rng))
    broken = bytearray(encoded(_picture(rng), "PNG"))
    broken[len(broken) // 2] ^= 0xFF
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + rng.bytes(400)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0a' * 32}\nsize 48213\n"
    yield "gato/vacía.jpg", "empty", b""
    yield "gato/página.jpg", "web_page", b"<!DOCTYPE html>\n<html><body><h1>404 Not Found</h1></body></html>\n"
    yield "gato/texto.jpg", "unknown", b"Here was a photo once.\n"
    yield "perro/puntero.jpg", "lfs_pointer", pointer.encode()
    yield "perro/móvil.jpg", "other_format", heic
    yield "perro/a medias.jpg", "truncated", whole[: len(whole) // 2]
    yield "pájaro/rota.png", "damaged", bytes(broken)
    yield "pájaro/medida.tif", "range", encoded(Image.fromarray(rng.random((72, 96), dtype=np.float32)), "TIFF")
    yield "pájaro/bomba.png", "too_large", png_of_size(60_000, 60_000)


def _met_in_decoding(rng: np.random.Generator) -> _Planted:
    hole = Image.new("L", _SIZE, 255)
    ImageDraw.Draw(hole).ellipse((8, 8, 40, 40), fill=0)
    cut_out = _picture(rng)
    cut_out.putalpha(hole)
    # Pillow does not write 16 bits of colour; OpenCV does, with blue first.
    deep = np.array(_picture(rng))[..., ::-1].astype(np.uint16) * 257
    sideways = Image.Exif()
    sideways[0x0112] = 6
    frames = [_picture(rng) for _ in range(3)]
    yield "gato/en verdad png.jpg", "wrong_extension", encoded(_picture(rng), "PNG")
    yield "gato/imprenta.jpg", "cmyk", _jpeg(_picture(rng).convert("CMYK"))
    yield "gato/paleta.png", "palette", encoded(_picture(rng).quantize(128), "PNG")
    yield "perro/recortada.png", "transparent", encoded(cut_out, "PNG")
    yield "perro/profunda.png", "sixteen_bit", cv2.imencode(".png", deep)[1].tobytes()
    yield "perro/girada.jpg", "turned", _jpeg(_picture(rng).transpose(Image.Transpose.ROTATE_90), exif=sideways)
    yield "pájaro/animada.png", "animated", encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


def _unlike_the_others(rng: np.random.Generator) -> _Planted:
    flat = Image.fromarray(rng.integers(119, 122, (*_SIZE[::-1], 3), dtype=np.uint8))
    yield "gato/gris.jpg", "gray_among_color", _jpeg(_picture(rng).convert("L"))
    yield "gato/panorama.jpg", "extreme_shape", _jpeg(_picture(rng, (600, 40)))
    yield "perro/enorme.jpg", "extreme_size", _jpeg(_picture(rng, (2400, 1800)))
    yield "perro/diminuta.png", "tiny", encoded(_picture(rng, (6, 6)), "PNG")
    yield "pájaro/lisa.png", "nearly_constant", encoded(flat, "PNG")


def _seen_before(good: dict[str, bytes]) -> _Planted:
    """The same picture several times: as a placeholder for photos that are gone, or a good image once more."""
    placeholder = encoded(_not_available(), "PNG")
    for path in ("gato/a1.png", "gato/a2.png", "gato/a3.png", "pájaro/b1.png", "pájaro/b2.png"):
        yield path, "placeholder", placeholder

    def original(path: str) -> Image.Image:
        return Image.open(io.BytesIO(good[path])).convert("RGB")

    smaller = original("perro/foto 06.jpg").resize((77, 58), Image.Resampling.LANCZOS)
    yield "gato/copia de foto 03.jpg", "duplicate", good["gato/foto 03.jpg"]
    yield "perro/otro gato.jpg", "contradiction", good["gato/foto 04.jpg"]
    yield "perro/foto 05 ligera.jpg", "near_duplicate", _jpeg(original("perro/foto 05.jpg"), quality=60)
    yield "pájaro/miniatura.jpg", "near_contradiction", _jpeg(smaller)


def _passed_over(rng: np.random.Generator) -> _Planted:
    yield ".git/objects/1.jpg", "hidden", _jpeg(_picture(rng))
    yield "gato/photo.heic", "other_format", rng.bytes(400)
    yield "notes.txt", "other_file", b"Photos of three animals.\n"
    yield "portada.jpg", "outside_classes", _jpeg(_picture(rng))
    yield "serpiente/por hacer.txt", "other_file", b"No photos yet.\n"


def _picture(rng: np.random.Generator, size: tuple[int, int] = _SIZE) -> Image.Image:
    """A smooth field of colours at random with a few shapes upon it."""
    field = rng.uniform(60, 195, size=3) + rng.normal(0, 50, (7, 9, 3))
    picture = Image.fromarray(field.clip(0, 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for shape in (draw.ellipse, draw.rectangle, draw.ellipse):
        x, y = rng.uniform(0, 0.7, size=2) * size
        width, height = rng.uniform(0.15, 0.4, size=2) * size
        shape((x, y, x + width, y + height), fill=tuple(rng.integers(0, 256, size=3).tolist()))
    return picture


def _not_available() -> Image.Image:
    picture = Image.new("RGB", _SIZE, (214, 226, 240))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((28, 10, 68, 42), outline=(70, 96, 140), width=3)
    draw.line((28, 10, 68, 42), fill=(70, 96, 140), width=3)
    draw.text((14, 50), "not available", fill=(70, 96, 140))
    return picture


def _jpeg(image: Image.Image, quality: int = 92, **options: object) -> bytes:
    return encoded(image, "JPEG", quality=quality, **options)
