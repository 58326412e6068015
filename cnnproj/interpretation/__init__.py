"""Where the best network looks: the cases that are shown, and their heatmaps."""
