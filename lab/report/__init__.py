"""What a run leaves to be kept: its folder on disk and its report as one HTML page."""
