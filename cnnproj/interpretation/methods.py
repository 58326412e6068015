"""The methods by which a network is explained, in the order in which they are shown; the first one is examined."""

WITH_POSITIONS = ("gradcam", "gradcam_plus_plus", "scorecam", "layercam", "saliency")
WITHOUT_POSITIONS = ("saliency", "occlusion")
BY_PIXEL = ("saliency", "occlusion")  # their maps are as fine as the image
AT_ONCE = ("gradcam", "gradcam_plus_plus", "layercam")  # one pass gives all three
