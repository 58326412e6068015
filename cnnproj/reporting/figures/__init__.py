"""Every figure of a project. Each function takes results and returns a figure that shows in a notebook and saves.

Each is legible in print, in gray and to colour-blind readers: colours are Okabe and Ito's, and whatever a colour says
a marker, a line style or a hatch says too.
"""

from cnnproj.reporting.figures.audit import findings as findings
from cnnproj.reporting.figures.audit import repeats as repeats
from cnnproj.reporting.figures.audit import sizes as sizes
from cnnproj.reporting.figures.balance import balance as balance
from cnnproj.reporting.figures.belief import curves as curves
from cnnproj.reporting.figures.belief import randomised as randomised
from cnnproj.reporting.figures.cases import cases as cases
from cnnproj.reporting.figures.chart import Chart as Chart
from cnnproj.reporting.figures.data import augmented as augmented
from cnnproj.reporting.figures.data import class_counts as class_counts
from cnnproj.reporting.figures.data import samples as samples
from cnnproj.reporting.figures.diagnosis import diagnosis as diagnosis
from cnnproj.reporting.figures.feature_maps import feature_maps as feature_maps
from cnnproj.reporting.figures.feature_maps import filters as filters
from cnnproj.reporting.figures.feature_maps import strongest_maps as strongest_maps
from cnnproj.reporting.figures.network import layer_heatmap as layer_heatmap
from cnnproj.reporting.figures.network import layer_maps as layer_maps
from cnnproj.reporting.figures.network import network as network
from cnnproj.reporting.figures.prediction import prediction as prediction
from cnnproj.reporting.figures.scores import confusion as confusion
from cnnproj.reporting.figures.scores import errors as errors
from cnnproj.reporting.figures.scores import reliability as reliability
from cnnproj.reporting.figures.scores import test_scores as test_scores
from cnnproj.reporting.figures.search import hyperparameters as hyperparameters
from cnnproj.reporting.figures.search import importance as importance
from cnnproj.reporting.figures.search import tells_of_hyperparameters as tells_of_hyperparameters
from cnnproj.reporting.figures.search import trials as trials
from cnnproj.reporting.figures.segmentation import class_dice as class_dice
from cnnproj.reporting.figures.segmentation import image_dice as image_dice
from cnnproj.reporting.figures.segmentation import masked_samples as masked_samples
from cnnproj.reporting.figures.segmentation import masked_variants as masked_variants
from cnnproj.reporting.figures.segmentation import segmented as segmented
from cnnproj.reporting.figures.segmentation import segmented_photo as segmented_photo
from cnnproj.reporting.figures.training import history as history
from cnnproj.reporting.figures.transfer import transfer as transfer

__all__ = [
    "Chart",
    "augmented",
    "balance",
    "cases",
    "class_counts",
    "class_dice",
    "confusion",
    "curves",
    "diagnosis",
    "errors",
    "feature_maps",
    "filters",
    "findings",
    "history",
    "hyperparameters",
    "image_dice",
    "importance",
    "layer_heatmap",
    "layer_maps",
    "masked_samples",
    "masked_variants",
    "network",
    "prediction",
    "randomised",
    "reliability",
    "repeats",
    "samples",
    "segmented",
    "segmented_photo",
    "sizes",
    "strongest_maps",
    "tells_of_hyperparameters",
    "test_scores",
    "transfer",
    "trials",
]
