# make run: the app on 127.0.0.1:7860 · make test: the whole suite
# make lint: ruff and mypy · make fast: lint and the quick unit tests, while working
# make results: every table of the documents, measured where it is not yet; hours, can be resumed
# make constraints: after a change of what is needed, pin anew what the packages need themselves
# The first call makes .venv (about 2 GB); later calls find it unless a version changed.

VENV := .venv
READY := $(VENV)/.ready
PY := $(VENV)/bin/python
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	if $$p -c '$(FITS)' 2>/dev/null; then echo $$p; break; fi; done)
TORCH := $(shell sed -n '/^torch==/p' requirements.txt)
PINNED := -c constraints.txt

.PHONY: run test lint fast results constraints

run: $(READY)
	$(VENV)/bin/mllm-lab serve --host 127.0.0.1 --port 7860

test: $(READY)
	$(PY) -m pytest

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

# A process for each of two cores, so each computes on one.
fast: lint
	OMP_NUM_THREADS=1 $(PY) -m pytest -q -n 2 -m "not slow" tests/unit

results: $(READY)
	$(PY) -m assets.build.results

# torch first and alone: asked for together with the rest, pip may take another build of it.
define install
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed and was not found" >&2; exit 2; }
	@echo "Making $(VENV) with $(PYTHON) (a few minutes, once) ..."
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet $(PINNED) $(TORCH)
	$(PY) -m pip install --quiet $(PINNED) --editable '.[dev]'
endef

# The stamp is written last, so that an install that was cut off starts again.
$(READY): requirements.txt constraints.txt pyproject.toml
	$(install)
	@touch $@

# Plain numbers alone, because another machine has another build of torch.
constraints: PINNED :=
constraints:
	$(install)
	@{ echo "# The tested version of every package, only where it is needed; made by: make constraints"; \
		$(PY) -m pip freeze --exclude-editable | sed -n 's/^\([A-Za-z0-9._-]*==[0-9A-Za-z.]*\).*/\1/p'; \
	} > constraints.txt.tmp && mv constraints.txt.tmp constraints.txt
	@touch $(READY)
