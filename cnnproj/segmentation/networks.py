"""The segmentation networks that cnnproj ships: importing this registers them."""

from __future__ import annotations

from cnnproj.segmentation import fcn, segnet, unet
from cnnproj.segmentation.registry import Segmenter as Segmenter
from cnnproj.segmentation.registry import registered as segmenters

__all__ = ["Segmenter", "fcn", "segmenters", "segnet", "unet"]
