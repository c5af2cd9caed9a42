"""Teaching: making a model that knows a benchmark's people, and one that never met some of them."""
