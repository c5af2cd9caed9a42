"""The page: everything the browser sees, fed by an engine and never touching a model."""
