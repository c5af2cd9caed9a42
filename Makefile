# make run: the app on 127.0.0.1:7860 · make test: the whole suite · make lint: ruff
# The first call makes .venv (about 2 GB); later calls find it unless requirements.txt changed.

VENV := .venv
READY := $(VENV)/.ready
PY := $(VENV)/bin/python
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	if $$p -c '$(FITS)' 2>/dev/null; then echo $$p; break; fi; done)
TORCH := $(shell sed -n '/^torch==/p' requirements.txt)

.PHONY: run test lint

run: $(READY)
	$(PY) app.py --host 127.0.0.1 --port 7860

test: $(READY)
	$(PY) -m pytest

lint: $(READY)
	$(PY) -m ruff check .

# torch first and alone: asked for together with the rest, pip may take another build of it.
# The stamp is written last, so that an install that was cut off starts again.
$(READY): requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed and was not found" >&2; exit 2; }
	@echo "Making $(VENV) with $(PYTHON) (a few minutes, once) ..."
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet $(TORCH)
	$(PY) -m pip install --quiet -r requirements.txt
	@touch $@
