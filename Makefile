# .ci/run runs check, test and test-slow. `make install` needs python3 with venv only.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install demo run test test-slow test-all long check bench lock

help:  ## Show what can be made.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: $(INSTALLED)  ## Install into .venv, at the versions of requirements.txt.

$(INSTALLED): pyproject.toml requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

demo: install  ## Run the whole program against a pretend press on this machine.
	$(BIN)/aggregator demo

run: install  ## Fetch again and again, and serve the site of feeds.toml.
	$(BIN)/aggregator run

test: install  ## Run the quick tests, in about six minutes, and show coverage.
	$(BIN)/pytest -n 2 -m "not slow" --cov --cov-report=term:skip-covered

test-slow: install  ## Run the deep tests: real material, kills, mutations, long properties.
	$(BIN)/pytest -n 2 -m slow

test-all: install  ## Run every test; coverage is shown.
	$(BIN)/pytest -n 2 --cov --cov-report=term:skip-covered

long: install  ## The long forms of the tests: 200 kills, every snapshot, 10,000 queries, 20,000 requests, 5,000 examples.
	KILLS=200 $(BIN)/pytest tests/cli/test_kill.py
	REPLAY=full $(BIN)/pytest tests/real/test_mutations.py
	SEARCHED=10000 $(BIN)/pytest tests/contract/test_contract_search.py
	MAX_P99=1 $(BIN)/pytest tests/web/test_attacks.py
	FUZZED=20000 $(BIN)/pytest tests/web/test_http_fuzz.py
	HYPOTHESIS_PROFILE=long $(BIN)/pytest tests/ingest tests/render tests/query

check: install  ## Lint, formatting, types, layers.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

bench: install  ## Measure against newsboat and reader, and write docs/measurements.md.
	$(BIN)/python -m benchmarks

lock: install  ## Write requirements.txt anew, with hashes: the newest versions that pyproject.toml allows.
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 \
		--no-strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--upgrade --quiet --output-file requirements.txt
