"""From the bytes of one image file to its pixels, whatever a camera, a phone or the web has put into them."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Image import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from cnnproj.data import formats
from cnnproj.errors import UnreadableImage

Pixels = npt.NDArray[np.uint8]

MAX_PIXELS = 100_000_000

# Each format by its first bytes. Pillow's plugins are called without `Image.open`, which warns of images far smaller
# than MAX_PIXELS: a warning can only be silenced for the whole process, and images are decoded in several threads.
_FORMATS = (
    (b"\xff\xd8\xff", JpegImageFile),
    (b"\x89PNG", PngImageFile),
    (b"BM", BmpImageFile),
    (b"GIF8", GifImageFile),
    (b"RIFF", WebPImageFile),
    (b"II", TiffImageFile),
    (b"MM", TiffImageFile),
    (b"P", PpmImageFile),
)


# What may be met in an image that is read all the same, in the order in which it is told.
NOTES = ("wrong_extension", "cmyk", "palette", "transparent", "sixteen_bit", "turned", "animated")

_ORIENTATION, _BITS_PER_SAMPLE = 0x0112, 0x0102


@dataclass(frozen=True, eq=False)
class Decoded:
    """One image as it was found.

    Attributes:
        pixels: ``uint8``, (height, width) for gray or (height, width, 3) for RGB.
        format: "JPEG", "PNG", …, by the bytes of the file; "" where there was no file.
        notes: what was met on the way, some of ``NOTES``, in that order.
    """

    pixels: Pixels
    format: str = ""
    notes: tuple[str, ...] = ()


def decode(data: bytes, name: str) -> Decoded:
    """The first frame of an image file, turned upright as its EXIF orientation says, at its own size.

    Transparent pixels are laid on white; 16-bit gray is scaled from 0–65535 to 0–255.

    Args:
        data: the whole file.
        name: what to call it in an error; its extension is held against what the file really is.

    Raises:
        UnreadableImage: where the file is empty, no image, damaged, or of more than ``MAX_PIXELS`` pixels.
    """
    image = open_image(data, name)
    try:
        deep = _has_16_bits_a_channel(image, data)
        turned_as_it_loads = isinstance(image, TiffImageFile) and image.tag_v2.get(_ORIENTATION) in range(2, 9)
        image.load()
        upright, turned = _upright(image)
        pixels, transparent = _pixels(upright, name)
    except UnreadableImage:
        raise
    except Exception as error:  # a stranger's bytes make a decoder raise anything; one bad image never stops a run
        key = "data.image_truncated" if "truncated" in str(error) else "data.image_damaged"
        raise UnreadableImage(key, name=name, reason=error) from error
    met = {
        "wrong_extension": formats.READ.get(formats.extension(name), image.format) != image.format,
        "cmyk": image.mode == "CMYK",
        "palette": image.mode in ("P", "PA"),
        "transparent": transparent,
        "sixteen_bit": deep or image.mode.startswith("I"),
        "turned": turned or turned_as_it_loads,
        "animated": _has_more_frames(image),
    }
    return Decoded(pixels, image.format or "", tuple(note for note in NOTES if met[note]))


def open_image(data: bytes, name: str) -> Image:
    """The image with its header read and its pixels not.

    Raises:
        UnreadableImage: where the file is empty, no image, or of more than ``MAX_PIXELS`` pixels.
    """
    image = _plugin_image(data, name)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnreadableImage(
            "data.image_too_large", name=name, width=width, height=height, most=MAX_PIXELS // 1_000_000
        )
    return image


def _plugin_image(data: bytes, name: str) -> Image:
    if not data:
        raise UnreadableImage("data.image_empty", name=name)
    if formats.is_web_page(data):
        raise UnreadableImage("data.image_web_page", name=name)
    if formats.is_lfs_pointer(data):
        raise UnreadableImage("data.image_lfs_pointer", name=name)
    for signature, plugin in _FORMATS:
        if data.startswith(signature):
            try:
                return plugin(BytesIO(data))
            except Exception as error:  # see decode
                raise UnreadableImage("data.image_damaged", name=name, reason=error) from error
    if other := formats.format_not_read(data):
        raise UnreadableImage("data.image_other_format", name=name, format=other)
    raise UnreadableImage("data.image_unknown", name=name)


def _has_16_bits_a_channel(image: Image, data: bytes) -> bool:
    """Whether a PNG or TIFF says so; Pillow keeps the upper 8 of them where there is colour."""
    if isinstance(image, PngImageFile):
        return data[12:16] == b"IHDR" and data[24] == 16
    return isinstance(image, TiffImageFile) and 16 in image.tag_v2.get(_BITS_PER_SAMPLE, ())


def _upright(image: Image) -> tuple[Image, bool]:
    """The image as it is to be looked at, and whether it was turned for that."""
    if isinstance(image, TiffImageFile):
        return image, False  # turned already as it was loaded; older Pillows would turn it once more
    try:
        turned = image.getexif().get(_ORIENTATION) in range(2, 9)
        return ImageOps.exif_transpose(image), turned
    except Exception:  # good pixels beside broken EXIF are still good pixels
        return image, False


def _has_more_frames(image: Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # what comes after the first frame may be damaged: it is not used
        return False


def _pixels(image: Image, name: str) -> tuple[Pixels, bool]:
    """The pixels, and whether any of them was transparent."""
    mode = image.mode
    if mode.startswith("I"):
        return _from_16_bit(np.array(image), name), False
    if mode == "F":
        raise UnreadableImage("data.image_range", name=name)
    gray = mode in ("1", "L", "LA", "La")
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        pixels = np.array(image.convert("LA" if gray else "RGBA"))
        return _on_white(pixels, gray), bool((pixels[..., -1] < 255).any())
    return np.array(image.convert("L" if gray else "RGB")), False


def _from_16_bit(values: npt.NDArray[np.integer], name: str) -> Pixels:
    # Pillow gives 16-bit gray as "I;16" or, from PGM and older PNG readers, as 32-bit "I". True 32-bit images
    # have no agreed white.
    if values.min() < 0 or values.max() > 65535:
        raise UnreadableImage("data.image_range", name=name)
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _on_white(pixels: Pixels, gray: bool) -> Pixels:
    colour, alpha = pixels[..., :-1].astype(np.uint16), pixels[..., -1:].astype(np.uint16)
    # 255·255 + 127 still fits 16 bits, and an alpha of 255 gives back the colour exactly.
    composed = ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return composed[..., 0] if gray else composed
