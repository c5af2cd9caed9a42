"""Every string a user sees, one module per language."""
