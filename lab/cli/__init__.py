"""The commands of ``mllm-lab``, one file each: HELP, its arguments, and what it does."""
