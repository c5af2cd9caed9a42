"""What is loaded and how it is asked: parts, quantised loading, overlays, packed batches, chat."""
