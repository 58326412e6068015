"""Two photos that scikit-learn brings along, so that nothing has to be downloaded.

The Summer Palace in Beijing ("china") by Danielle Buma and a dahlia ("flower") by dany13, both CC BY 2.0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import whole

PHOTOS = ("china", "flower")
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601: how much red, green and blue count in a gray value


def photo(name: str = "china", *, width: int = 320, gray: bool = False) -> NDArray[np.uint8]:
    """A photo of 0–255, ``width`` pixels wide and two thirds as high: (height, width, 3), or (height, width) in gray.

    Raises:
        CnnprojError: where there is no such photo.
    """
    import cv2
    from sklearn.datasets import load_sample_image

    if name not in PHOTOS:
        raise CnnprojError("lecture.no_photo", came=name, known=", ".join(PHOTOS))
    image = load_sample_image(f"{name}.jpg")
    wide = whole(width, "size")
    size = (wide, max(1, round(wide * image.shape[0] / image.shape[1])))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float64)
    return np.rint(small @ _LUMA if gray else small).astype(np.uint8)
