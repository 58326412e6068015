"""Segmentation: a class for every pixel, by U-Net, SegNet and FCN-8s, measured with the Dice score."""
