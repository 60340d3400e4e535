# .ci/run runs check, test and test-slow. `make install` needs python3 with venv only.

# keep compiled modules: thousands of processes are started
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_LEARN := $(VENV)/.installed-learn
INSTALLED_DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help install install-learn install-dev demo run test test-slow test-all long check bench bench-large lock

help:  ## Show what can be made.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(INSTALLED)  ## Install the program into .venv, at the versions of requirements.txt.

install-learn: $(INSTALLED_LEARN)  ## Install it with the libraries that topics need to learn.

install-dev: $(INSTALLED_DEV)  ## Install it with everything that tests and checks need.

$(INSTALLED): pyproject.toml requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-deps -e .
	@touch $@

$(INSTALLED_LEARN): $(INSTALLED) requirements-learn.txt
	$(PIP) --require-hashes -r requirements-learn.txt
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) requirements-dev.txt
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

demo: install  ## Run the whole program against a pretend press on this machine.
	$(BIN)/aggregator demo

test: install-dev  ## Run the quick tests, in about ten minutes, and show coverage.
	$(BIN)/pytest -n 2 -m "not slow" --cov --cov-report=term:skip-covered

test-slow: install-dev  ## Run the deep tests: real material, kills, mutations, long properties.
	$(BIN)/pytest -n 2 -m slow

test-all: install-dev  ## Run every test; coverage is shown.
	$(BIN)/pytest -n 2 --cov --cov-report=term:skip-covered

long: install-dev  ## The long forms of the tests: 200 kills, every snapshot, 10,000 queries, 20,000 requests, 5,000 examples.
	KILLS=200 $(BIN)/pytest tests/cli/test_kill.py
	REPLAY=full $(BIN)/pytest tests/real/test_mutations.py
	SEARCHED=10000 $(BIN)/pytest tests/contract/test_contract_search.py
	MAX_P99=1 $(BIN)/pytest tests/web/test_attacks.py
	FUZZED=20000 $(BIN)/pytest tests/web/test_http_fuzz.py
	HYPOTHESIS_PROFILE=long $(BIN)/pytest tests/ingest tests/render tests/query

check: install-dev  ## Lint, formatting, types, layers.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

bench: install-dev  ## Measure against newsboat and reader, in less than 20 minutes, and write docs/measurements.md.
	$(BIN)/python -m benchmarks

bench-large: install-dev  ## Run the benchmarks that take longer: a million stories, a week of polling, random documents, learning.
	$(BIN)/python -m benchmarks large

lock: install-dev  ## Write the requirements files anew, with hashes: the newest versions that pyproject.toml allows.
	$(LOCK) --extra dev --upgrade --output-file requirements-dev.txt
	sed -E '/--hash/d; s/ \\$$//' requirements-dev.txt >$(VENV)/constraints.txt
	$(LOCK) --constraint $(VENV)/constraints.txt --output-file requirements.txt
	$(LOCK) --constraint $(VENV)/constraints.txt --extra learn --output-file requirements-learn.txt

LOCK = $(BIN)/uv pip compile pyproject.toml --generate-hashes --universal --python-version 3.11 \
	--no-strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet
