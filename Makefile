# One command to see it, one to test it. Both make what they need: a virtual environment in .venv, from python3 alone.
#
#   make demo    the main job: a second person joins a live AI conversation
#   make test    all tests
#   make check   all tests, the style, the types and the coverage of the simulation
#   make sdk     the official SDK's own tests, against contract mode
#   make bench   the ratios of benchmarks/

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= join_ai_conversation
NODE_MODULES := tests/node/node_modules

.PHONY: demo test check lint types coverage sdk bench clean

demo: $(VENV)/.installed
	$(BIN)/telnyx-mockserver run $(SCENARIO) --port 0 --webhook-timeout 30 -- $(BIN)/python scenarios/examples/$(SCENARIO).py

test: $(VENV)/.installed-dev $(NODE_MODULES)/.installed
	$(BIN)/python -m pytest -n auto

check: test lint types coverage

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.installed-dev
	$(BIN)/mypy

coverage: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/sim --cov=mockserver/sim --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered

sdk: $(VENV)/.installed-dev
	$(BIN)/python scripts/sdk_suite.py

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage dist $(NODE_MODULES)

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[examples]'
	touch $@

$(VENV)/.installed-dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(VENV)/.installed $@

# The Node SDK and axios, for tests that are skipped without them.
$(NODE_MODULES)/.installed: tests/node/package.json
	@if command -v npm >/dev/null; then cd tests/node && npm install --silent && touch node_modules/.installed; \
	else echo 'no npm here: the tests of Node packages are skipped'; fi
