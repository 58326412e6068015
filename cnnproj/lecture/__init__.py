"""The arithmetic of the slides, by hand and drawn."""

from cnnproj.lecture.augmentations import vary as vary
from cnnproj.lecture.convolution import convolve as convolve
from cnnproj.lecture.convolution import stack_filters as stack_filters
from cnnproj.lecture.descent import descend as descend
from cnnproj.lecture.detectors import FILTERS as FILTERS
from cnnproj.lecture.detectors import detect as detect
from cnnproj.lecture.exercise_book import EXERCISES as EXERCISES
from cnnproj.lecture.exercise_book import exercise as exercise
from cnnproj.lecture.exercise_book import homework as homework
from cnnproj.lecture.formulas import cross_entropy as cross_entropy
from cnnproj.lecture.formulas import dice as dice
from cnnproj.lecture.formulas import relu as relu
from cnnproj.lecture.formulas import softmax as softmax
from cnnproj.lecture.geometry import feature_map_size as feature_map_size
from cnnproj.lecture.geometry import kernel_for as kernel_for
from cnnproj.lecture.geometry import padding_for as padding_for
from cnnproj.lecture.geometry import size_for as size_for
from cnnproj.lecture.geometry import stride_for as stride_for
from cnnproj.lecture.gradients import gradient_flow as gradient_flow
from cnnproj.lecture.invariance import move as move
from cnnproj.lecture.photo import photo as photo
from cnnproj.lecture.pooling import pool as pool
from cnnproj.lecture.sharing import compare_layers as compare_layers
from cnnproj.lecture.sliders import with_sliders as with_sliders
