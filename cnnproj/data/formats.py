"""The image formats there are: those that are read, and those that are known only to say what they are."""

import re
from pathlib import PurePosixPath

# What the extension of a file name stands for, in the words of Pillow.
READ = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".ppm": "PPM",
    ".pgm": "PPM",
}

_OTHERS = """
    .heic .heif .hif .avif .jxl .jp2 .j2k .j2c .jpc .jpf .jpx
    .svg .svgz .eps .ai .wmf .emf .psd .psb .xcf .ico .cur .icns
    .raw .cr2 .cr3 .crw .nef .nrw .dng .arw .orf .rw2 .raf .pef .srw
    .mpo .apng .dib .pbm .pnm .tga .pcx .dds .exr .fits .dcm
"""
NOT_READ = frozenset(_OTHERS.split())

_SIGNATURES = (
    (b"8BPS", "PSD"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
)
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}

# What may stand before the first element of a text in HTML or SVG. Possessive: a stranger's text must not make the
# search try every way of parting it.
_PREAMBLE = rb"(?:\xef\xbb\xbf)?(?>\s+|<\?xml.*?\?>|<!--.*?-->)*+"
_WEB_PAGE = re.compile(_PREAMBLE + rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_SVG = re.compile(_PREAMBLE + rb"<(?:!doctype\s+svg|svg)\b", re.IGNORECASE | re.DOTALL)
_PREAMBLE_BYTES = 4096


def extension(path: str) -> str:
    """The extension of a posix path in small letters, with its dot, or ""."""
    return PurePosixPath(path).suffix.lower()


def is_web_page(data: bytes) -> bool:
    """Whether a file begins as HTML does: what a failed download leaves behind."""
    return _WEB_PAGE.match(data[:_PREAMBLE_BYTES]) is not None


def is_lfs_pointer(data: bytes) -> bool:
    """Whether a file is what Git LFS puts in the place of one that it has not fetched."""
    return data.startswith(b"version https://git-lfs")


def format_not_read(data: bytes) -> str:
    """The name of the image format that is not read in which a file begins, or ""."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[4:8] == b"ftyp":  # the box that opens every ISO media file: its brand, a version, then more brands
        box = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
        brands = {box[start : start + 4] for start in range(0, len(box), 4) if start != 4}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIF_BRANDS:
            return "HEIC"
    return "SVG" if _SVG.match(data[:_PREAMBLE_BYTES]) else ""
