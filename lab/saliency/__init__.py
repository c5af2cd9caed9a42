"""Which visual neurons and weights carry the target: importance and Fisher saliency."""
