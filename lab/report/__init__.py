"""What is kept of a run: its folder on disk, and its report as one HTML page."""
