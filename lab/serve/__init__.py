"""Runs and the one worker that owns the device: the page and the API only submit and tail."""
