"""Whatever is in an image file, it becomes upright uint8 gray or RGB, or an error that names the file."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from cnnproj.data import decoding
from cnnproj.data.decoding import decode
from cnnproj.errors import UnreadableImage

from .made import encoded, pattern, png_of_size

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_gray_and_colour_come_out_as_they_are(kind, mode):
    pixels = decode(encoded(pattern(mode), kind), "x").pixels
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, np.array(pattern(mode)))


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"quality": 95}), ("WEBP", {"lossless": True}), ("GIF", {})])
def test_the_other_formats_are_read(kind, options):
    pixels = decode(encoded(Image.new("RGB", (6, 4), RED), kind, **options), "x").pixels
    assert pixels.shape == (4, 6, 3)
    assert np.abs(pixels.astype(int) - RED).max() <= 2


def test_a_palette_becomes_its_colours():
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    assert decode(encoded(image), "x").pixels.tolist() == [[[*RED], [*BLUE]]]


def test_one_bit_becomes_black_and_white():
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert decode(encoded(image), "x").pixels.tolist() == [[0, 255]]


def test_cmyk_becomes_rgb():
    pixels = decode(encoded(Image.new("RGB", (8, 8), RED).convert("CMYK"), "JPEG", quality=95), "x").pixels
    assert pixels.shape == (8, 8, 3)
    assert np.abs(pixels.astype(int) - RED).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PGM"])
def test_sixteen_bit_gray_is_scaled_by_its_range(kind):
    values = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    pgm = b"P5 6 1 65535\n" + values.astype(">u2").tobytes()  # not every Pillow that reads these writes them
    data = pgm if kind == "PGM" else encoded(Image.fromarray(values), kind)
    assert decode(data, "x").pixels.tolist() == [[0, 0, 1, 1, 128, 255]]


def test_transparent_pixels_lie_on_white():
    image = Image.new("RGBA", (3, 1))
    for x, alpha in enumerate((0, 128, 255)):
        image.putpixel((x, 0), (*RED, alpha))
    assert decode(encoded(image), "x").pixels.tolist() == [[[255, 255, 255], [255, 127, 127], [255, 0, 0]]]


def test_an_alpha_that_hides_nothing_changes_nothing():
    image = pattern("RGB").copy()
    image.putalpha(255)
    np.testing.assert_array_equal(decode(encoded(image), "x").pixels, np.array(pattern("RGB")))


def test_gray_with_alpha_stays_gray():
    image = Image.new("LA", (2, 1), (40, 255))
    image.putpixel((1, 0), (40, 0))
    assert decode(encoded(image), "x").pixels.tolist() == [[40, 255]]


@pytest.mark.parametrize(("mode", "white"), [("P", [255, 255, 255]), ("L", 255)])
def test_a_colour_declared_transparent_is_white(mode, white):
    data = encoded(Image.new(mode, (2, 2), 0), transparency=0)
    assert decode(data, "x").pixels[0, 0].tolist() == white


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_the_exif_orientation_is_applied(orientation, kind):
    turned = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode(encoded(pattern("RGB"), kind, exif=exif), "x").pixels
    np.testing.assert_array_equal(pixels, turned[orientation](np.array(pattern("RGB"))))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_an_animation_gives_its_first_frame(kind):
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert decode(data, "x").pixels[2, 2].tolist() == [*RED]


def test_a_phone_photo_of_several_pictures_gives_the_first():
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE)]
    data = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert decode(data, "x").pixels[8, 8, 0] > 250


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "data.image_empty"),
        (b"\n <!DOCTYPE HTML><html>404</html>", "data.image_web_page"),
        (b"\xef\xbb\xbf<html lang=en>", "data.image_web_page"),
        (b"<?xml version='1.0'?>\n<!-- saved --><!doctype html>", "data.image_web_page"),
        (b"version https://git-lfs.github.com/spec/v1", "data.image_lfs_pointer"),
        (b"%PDF-1.7", "data.image_unknown"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt and so on and on", "data.image_damaged"),
        (b"\x89PNG\r\n\x1a\n", "data.image_damaged"),
        (b"\xff\xd8\xff", "data.image_damaged"),
        (b"BM", "data.image_damaged"),
        (b"Pretty", "data.image_damaged"),
    ],
)
def test_what_is_no_image_is_said_to_be_none(data, key):
    with pytest.raises(UnreadableImage, match="photo\\.jpg") as caught:
        decode(data, "photo.jpg")
    assert caught.value.sentence == key


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "AVIF"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0", "JPEG 2000"),
        (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000"),
        (b"8BPS\0\x01", "PSD"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn -->\n<!DOCTYPE svg PUBLIC ''><svg>", "SVG"),
    ],
)
def test_an_image_of_a_format_that_is_not_read_is_called_by_its_name(data, name):
    with pytest.raises(UnreadableImage, match=rf"'photo\.jpg'.* {name},.*Convert it to JPEG or PNG") as caught:
        decode(data, "photo.jpg")
    assert caught.value.sentence == "data.image_other_format"


def test_a_film_is_no_image_of_another_format():
    with pytest.raises(UnreadableImage) as caught:
        decode(b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "film.jpg")
    assert caught.value.sentence == "data.image_unknown"


def test_a_text_made_to_be_slow_to_recognise_is_not():
    with pytest.raises(UnreadableImage):
        decode(b"<!---->" * 500 + b"<?xml" * 200, "x.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "PPM", "WEBP"])
def test_half_a_file_is_unreadable(kind):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    with pytest.raises(UnreadableImage) as caught:
        decode(data[: len(data) // 2], "half")
    assert caught.value.sentence in ("data.image_truncated", "data.image_damaged")


@pytest.mark.parametrize("side", [10_001, 14_000, 60_000])
def test_a_decompression_bomb_is_refused_by_its_header(side):
    with pytest.raises(UnreadableImage, match=f"{side}×{side} pixels. Expected at most 100 million"):
        decode(png_of_size(side, side), "bomb.png")


def test_a_large_image_below_the_limit_gives_no_warning(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)  # Pillow's own limit, at which it warns
    assert decode(encoded(pattern("L")), "x").pixels.shape == (4, 6)


@pytest.mark.parametrize("values", [np.float32([[0.5]]), np.int32([[-1]]), np.int32([[70_000]])])
def test_values_without_an_agreed_white_are_refused(values):
    with pytest.raises(UnreadableImage) as caught:
        decode(encoded(Image.fromarray(values), "TIFF"), "x.tif")
    assert caught.value.sentence == "data.image_range"


def test_broken_exif_beside_good_pixels_does_no_harm(monkeypatch):
    def broken(image):
        raise SyntaxError("not a TIFF file (header not valid)")

    monkeypatch.setattr(decoding.ImageOps, "exif_transpose", broken)
    assert decode(encoded(pattern("L")), "x").pixels.shape == (4, 6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "PPM", "WEBP"])
def test_random_damage_is_an_image_or_unreadable_and_never_another_error(kind):
    rng = np.random.default_rng(1)
    whole = encoded(pattern("RGB"), kind)
    for _ in range(200):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), size=rng.integers(1, 8)):
            data[place] = rng.integers(0, 256)
        with suppress(UnreadableImage):
            pixels = decode(bytes(data), "damaged").pixels
            assert pixels.dtype == np.uint8
            assert pixels.ndim in (2, 3)


def test_threads_decode_the_same_as_one():
    files = [encoded(Image.new("RGB", (32, 32), (value, 0, 0)), "JPEG") for value in range(64)]
    alone = [decode(data, "x").pixels for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = [image.pixels for image in pool.map(decode, files, ["x"] * len(files))]
    np.testing.assert_array_equal(alone, together)
