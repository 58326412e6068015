"""The checks of a segmentation where they are not those of a classification: masks, Dice, Seg-Grad-CAM, its report."""
