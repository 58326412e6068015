"""How far honest results lie apart when they are computed again, and where each number comes from.

Measured by ``benchmarks/tolerances.py`` on digits and on the course's images; see
``docs/assistants/verification.md``.
"""

from __future__ import annotations

# Probabilities of the same network for the same pixels: computed without a graph, with another number of threads or
# without oneDNN they differ by 1e-6 or less.
PROBABILITY = 1e-4
# … of a run on a GPU, whose sums may be of numbers rounded to 10 bits (TF32): measured 1e-3.
PROBABILITY_GPU = 2e-2
# … for an image that another decoder has read: a JPEG's pixels differ by a level or two of 255; measured 2e-2.
PROBABILITY_DECODED = 1e-1
# The mean difference of the pixels, of 255, up to which two stored images are the same photo, decoded otherwise.
DECODED = 4.0
# Scores of the same probabilities, and intervals, which come from resamples with the same seed.
SCORE = 1e-6
# … where another numpy has drawn the resamples.
INTERVAL = 5e-2
# Probabilities of the regression that is fitted again, in the mean: it ends after 200 steps, wherever it is by then.
BASELINE = 2e-2
# Validation loss of the same predictions, as a share of it.
LOSS = 1e-3
LOSS_MIXED = 5e-2  # trained in half precision, and measured in it
# Validation Dice of the same network: pixels of which it can hardly tell two classes fall to the one or the other.
DICE = 1e-3
DICE_MIXED = 2e-2  # trained in half precision, and measured in it
# Heatmaps of the same network, as a share of the largest value.
HEATMAP = 2e-2
HEATMAP_GPU = 2e-1
# Pictures drawn again: the mean difference of their pixels, of 255. The same versions draw the same pixels; another
# version of matplotlib or FreeType moves the edges of letters.
PICTURE = 2.0
# Training again on another machine, from the same seed: the loss of the first epoch, as a share (measured: 3e-3), …
FIRST_LOSS = 2e-2
# … and the accuracy of the best epoch, beyond twice its standard error.
RETRAINED = 2e-2
