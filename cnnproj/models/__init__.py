"""The networks: one architecture a file, its defaults in its signature and its search space beside it."""

from cnnproj.models import (  # importing a file registers its networks
    alexnet,
    compact_cnn,
    deep_cnn,
    densenet,
    googlenet,
    lenet,
    mlp,
    resnet,
    transfer,
    vgg,
)
from cnnproj.models.registry import ACTIVATIONS as ACTIVATIONS
from cnnproj.models.registry import CONDITIONS as CONDITIONS
from cnnproj.models.registry import LOSSES as LOSSES
from cnnproj.models.registry import OPTIMIZERS as OPTIMIZERS
from cnnproj.models.registry import TRAINING_DEFAULTS as TRAINING_DEFAULTS
from cnnproj.models.registry import Architecture as Architecture
from cnnproj.models.registry import architecture as architecture
from cnnproj.models.registry import architectures as architectures
from cnnproj.models.registry import forget as forget
from cnnproj.models.space import Choice as Choice
from cnnproj.models.space import Range as Range
from cnnproj.models.space import Space as Space
from cnnproj.models.space import Value as Value

__all__ = ["alexnet", "compact_cnn", "deep_cnn", "densenet", "googlenet", "lenet", "mlp", "resnet", "transfer", "vgg"]
