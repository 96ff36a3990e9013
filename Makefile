# Everything is built in .venv from nothing but Python (3.11 or later) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test test-crashes test-labelbox test-labelstudio verified check docs wheel clean
.DEFAULT_GOAL := help

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/ready ## Run the whole loop on real mail against an emulated Labelbox
	$(BIN)/bridge demo

test: $(VENV)/ready ## Run the tests
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

test-crashes: $(VENV)/ready ## Kill a sync at every moment, and see that nothing is lost (minutes)
	$(BIN)/python -m pytest -q -n 2 -m crashes tests/test_crashes.py tests/test_cron_day.py

test-labelbox: $(VENV)/ready ## Run Labelbox's own SDK and its own tests against our emulator
	$(BIN)/python -m pytest -q tests_real/labelbox

test-labelstudio: $(VENV)/ready ## Run against a real Label Studio server (installs it: 1 GB)
	$(BIN)/python -m pytest -q tests_real/labelstudio

verified: $(VENV)/ready ## Write docs/verified.md: what was run against what (many minutes)
	$(BIN)/python tests_real/verified.py

check: $(VENV)/ready ## Lint, format, types, docs, and known vulnerabilities of what is needed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check
	$(BIN)/python .ci/audit.py

docs: $(VENV)/ready ## Write what the docs take from the code
	$(BIN)/python docs/generate.py

wheel: $(VENV)/ready ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

clean: ## Remove everything that was built
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
