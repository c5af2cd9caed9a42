"""The commands of ``python -m lab``, one file each: HELP, its arguments, and what it does."""
