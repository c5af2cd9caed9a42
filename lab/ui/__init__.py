"""The page: everything that the browser shows; it asks an engine and never touches a model."""
