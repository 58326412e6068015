"""What was published about the famous networks: typed from the papers, the only figures of the table that are.

The errors are of one network by itself, on the validation images of ImageNet (ILSVRC 2012). They were measured in
different ways, which are given: the more crops or sizes of an image are averaged, the lower the error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

How = Literal["one_crop", "ten_crops", "crops_144", "crops_and_dense", "sizes"]


@dataclass(frozen=True)
class Published:
    """What is known of a network from print.

    Attributes:
        year: in which it was first shown.
        shape: of the images that it was made for: height, width, channels.
        classes: how many it told apart.
        top5_error: share of the images, in percent, whose class is not among its first five guesses; ``None`` for a
            network that was not made for ImageNet.
        how: in which way the error was measured.
        source: of the network, and of the error where that is another one.
    """

    year: int
    shape: tuple[int, int, int]
    classes: int
    top5_error: float | None
    how: How | None
    source: str


_IMAGENET = (224, 224, 3)
_VGG = "Simonyan and Zisserman, arXiv:1409.1556 (2014), table 5"
_RESNET = "He et al., arXiv:1512.03385 (2015), table 4"
_DENSENET = "Huang et al., arXiv:1608.06993 (2016), table 3"

# By the name of the architecture, in the order of the lectures' story.
PUBLISHED: dict[str, Published] = {
    "lenet5": Published(1998, (32, 32, 1), 10, None, None, "LeCun et al., Proc. IEEE 86 (1998), figure 2"),
    "alexnet": Published(
        2012, (227, 227, 3), 1000, 18.2, "ten_crops", "Krizhevsky, Sutskever and Hinton, NIPS (2012), table 2"
    ),
    "vgg16": Published(2014, _IMAGENET, 1000, 7.2, "crops_and_dense", _VGG),
    "vgg19": Published(2014, _IMAGENET, 1000, 7.1, "crops_and_dense", _VGG),
    "googlenet": Published(2014, _IMAGENET, 1000, 7.89, "crops_144", "Szegedy et al., arXiv:1409.4842 (2014), table 3"),
    "resnet18": Published(
        2015, _IMAGENET, 1000, 10.92, "one_crop", "He et al., arXiv:1512.03385 (2015); error of torchvision's weights"
    ),
    "resnet34": Published(2015, _IMAGENET, 1000, 5.71, "sizes", _RESNET),
    "resnet50": Published(2015, _IMAGENET, 1000, 5.25, "sizes", _RESNET),
    "resnet101": Published(2015, _IMAGENET, 1000, 4.60, "sizes", _RESNET),
    "resnet152": Published(2015, _IMAGENET, 1000, 4.49, "sizes", _RESNET),
    "densenet121": Published(2016, _IMAGENET, 1000, 6.66, "ten_crops", _DENSENET),
    "densenet169": Published(2016, _IMAGENET, 1000, 5.92, "ten_crops", _DENSENET),
    "densenet201": Published(2016, _IMAGENET, 1000, 5.54, "ten_crops", _DENSENET),
}
