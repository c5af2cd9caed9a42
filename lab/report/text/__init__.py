"""Every string a user sees, one folder a language."""
