"""The loaded model: its parts, quantised loading, overlays, packed batches and chat."""
