"""What is met in a file that is read all the same is noted: its format, and all that needed care."""

from contextlib import suppress

import cv2
import numpy as np
import pytest
from PIL import Image

from cnnproj.data.decoding import NOTES, decode
from cnnproj.errors import UnreadableImage

from .made import encoded, pattern

RED, BLUE = (255, 0, 0), (0, 0, 255)


def frames_of(kind: str) -> bytes:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def turned_by_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def with_alpha(mode: str, *alphas: int) -> Image.Image:
    image = Image.new(mode, (len(alphas), 1))
    image.putdata([(*((90,) * (len(mode) - 1)), alpha) for alpha in alphas])
    return image


class TestFormat:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "PPM", "WEBP"])
    def test_it_is_that_of_the_bytes_and_not_of_the_name(self, kind):
        assert decode(encoded(pattern("RGB"), kind), "photo.xyz").format == kind

    def test_the_several_pictures_of_a_phone_are_a_jpeg(self):
        assert decode(frames_of("MPO"), "photo.jpg").format == "JPEG"


class TestNotes:
    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            ("JPEG", "a.jpg"),
            ("JPEG", "a.JPEG"),
            ("MPO", "a.jpg"),
            ("PNG", "a/b.c/d.png"),
            ("BMP", "a.bmp"),
            ("TIFF", "a.tif"),
            ("TIFF", "a.TIFF"),
            ("PPM", "a.ppm"),
            ("PPM", "a.pgm"),
            ("WEBP", "a.webp"),
            ("PNG", "photo"),
            ("PNG", "photo.part"),
        ],
    )
    def test_what_is_as_it_should_be_is_not_remarked_upon(self, kind, name):
        assert decode(encoded(pattern("RGB"), kind), name).notes == ()

    @pytest.mark.parametrize(("kind", "name"), [("PNG", "a.jpg"), ("JPEG", "a.PNG"), ("WEBP", "x/a.jpeg")])
    def test_wrong_extension(self, kind, name):
        assert decode(encoded(pattern("RGB"), kind), name).notes == ("wrong_extension",)

    @pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
    def test_cmyk(self, kind):
        assert decode(encoded(pattern("CMYK"), kind), "x").notes == ("cmyk",)

    @pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
    def test_palette(self, kind):
        assert decode(encoded(pattern("P"), kind), "x").notes == ("palette",)

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_transparent_where_some_pixel_really_is(self, mode):
        assert decode(encoded(with_alpha(mode, 255, 254)), "x").notes == ("transparent",)
        assert decode(encoded(with_alpha(mode, 255, 255)), "x").notes == ()

    @pytest.mark.parametrize("mode", ["L", "RGB"])
    def test_transparent_where_the_declared_colour_occurs(self, mode):
        image = Image.new(mode, (2, 2), 7 if mode == "L" else (7, 7, 7))
        notes = [decode(encoded(image, transparency=c if mode == "L" else (c,) * 3), "x").notes for c in (7, 8)]
        assert notes == [("transparent",), ()]

    @pytest.mark.parametrize("kind", ["PNG", "TIFF"])
    def test_sixteen_bit_gray(self, kind):
        assert decode(encoded(Image.fromarray(np.full((2, 2), 300, np.uint16)), kind), "x").notes == ("sixteen_bit",)

    @pytest.mark.parametrize("extension", [".png", ".tif"])
    def test_sixteen_bit_colour(self, extension):
        pixels = np.array(pattern("RGB"))[..., ::-1].astype(np.uint16) * 257
        data = cv2.imencode(extension, pixels)[1].tobytes()  # Pillow reads these and does not write them
        image = decode(data, f"x{extension}")
        assert image.notes == ("sixteen_bit",)
        np.testing.assert_array_equal(image.pixels, np.array(pattern("RGB")))

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
    def test_turned(self, kind):
        notes = [decode(encoded(pattern("RGB"), kind, exif=turned_by_exif(n)), "x").notes for n in range(10)]
        assert notes == [(), (), *[("turned",)] * 7, ()]

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
    def test_animated(self, kind):
        assert decode(frames_of(kind), "x").notes == ("animated",)

    def test_the_several_pictures_of_a_phone_are_no_animation(self):
        assert decode(frames_of("MPO"), "x").notes == ()

    def test_a_damaged_second_frame_does_no_harm(self):
        data = frames_of("GIF")
        for end in range(len(data) // 2, len(data)):
            with suppress(UnreadableImage):
                assert decode(data[:end], "x").pixels[2, 2].tolist() == [*RED]

    def test_several_stand_in_the_order_of_the_list(self):
        data = encoded(Image.new("P", (2, 2), 0), exif=turned_by_exif(6), transparency=0)
        image = decode(data, "x.jpg")
        assert image.notes == ("wrong_extension", "palette", "transparent", "turned")
        assert list(image.notes) == sorted(image.notes, key=NOTES.index)
        assert decode(frames_of("GIF"), "x").notes == ("palette", "animated")
