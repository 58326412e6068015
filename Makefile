# make run, make test, make notebook, make docs: each makes its own environment in .venv first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test check notebook docs lock clean

run: $(READY)
	$(BIN)/cnnproj run

notebook: $(READY)
	$(BIN)/jupyter lab notebooks

# On every core; the tests of a file stay together, since they share what was expensive to make.
test: $(VENV)/.ready-to-test
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: $(VENV)/.ready-to-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The pages of docs/ as a site, in site/: any warning is an error.
docs: $(VENV)/.ready-for-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The exact versions behind the published figures: those installed here, completed for every supported Python.
lock: $(VENV)/.ready-to-test
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m pip freeze --exclude-editable > requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-package cnnproj --no-emit-index-url --no-emit-find-links --no-header --no-annotate requirements.txt -o requirements.lock

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "cnnproj needs Python 3.11, 3.12 or 3.13; this is $$($(PYTHON) --version). Name another: make run PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "Installing TensorFlow and the rest; this takes some minutes, once."
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

$(VENV)/.ready-to-test: $(READY)
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	@touch $@

$(VENV)/.ready-for-docs: $(READY)
	$(BIN)/python -m pip install --quiet -e ".[docs]"
	@touch $@

clean:
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
