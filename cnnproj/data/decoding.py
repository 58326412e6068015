"""From the bytes of one image file to its pixels, whatever a camera, a phone or the web has put into them."""

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


def decode(data: bytes, name: str) -> Pixels:
    """The first frame of an image file, turned upright as its EXIF orientation says, at its own size.

    Transparent pixels are laid on white; 16-bit gray is scaled from 0–65535 to 0–255.

    Args:
        data: the whole file.
        name: what to call it in an error.

    Returns:
        ``uint8``, (height, width) for gray or (height, width, 3) for RGB.

    Raises:
        UnreadableImage: where the file is empty, no image, damaged, or of more than ``MAX_PIXELS`` pixels.
    """
    image = _open(data, name)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnreadableImage(
            "data.image_too_large", name=name, width=width, height=height, most=MAX_PIXELS // 1_000_000
        )
    try:
        image.load()
        return _pixels(_upright(image), name)
    except UnreadableImage:
        raise
    except Exception as error:  # a stranger's bytes make a decoder raise anything; one bad image never stops a run
        key = "data.image_truncated" if "truncated" in str(error) else "data.image_damaged"
        raise UnreadableImage(key, name=name, reason=error) from error


def _open(data: bytes, name: str) -> Image:
    """The image with its header read and its pixels not."""
    if not data:
        raise UnreadableImage("data.image_empty", name=name)
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        raise UnreadableImage("data.image_is_web_page", name=name)
    for signature, plugin in _FORMATS:
        if data.startswith(signature):
            try:
                return plugin(BytesIO(data))
            except Exception as error:  # see decode
                raise UnreadableImage("data.image_damaged", name=name, reason=error) from error
    raise UnreadableImage("data.image_unknown", name=name)


def _upright(image: Image) -> Image:
    if isinstance(image, TiffImageFile):
        return image  # turned already as it was loaded; older Pillows would turn it once more
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # good pixels beside broken EXIF are still good pixels
        return image


def _pixels(image: Image, name: str) -> Pixels:
    mode = image.mode
    if mode.startswith("I"):
        return _from_16_bit(np.array(image), name)
    if mode == "F":
        raise UnreadableImage("data.image_range", name=name)
    gray = mode in ("1", "L", "LA", "La")
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return _on_white(np.array(image.convert("LA" if gray else "RGBA")), gray)
    return np.array(image.convert("L" if gray else "RGB"))


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
