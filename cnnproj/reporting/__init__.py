"""What a run tells: figures that show in a notebook, one HTML file to hand in, and the same as a PDF."""
