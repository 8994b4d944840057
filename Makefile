# Every command of the repository. `make` or `make help` lists them.
# Needs Python 3.11 or newer and make; everything else is installed into .venv from hashed locks.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
VENV := .venv
PY := $(VENV)/bin/python
export PYTHONPATH := $(CURDIR):$(CURDIR)/clients/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# One stamp per lock file: installing again costs nothing until a lock changes.
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

# --no-deps: the locks are complete, and every file must match a hash in them.
PIP_INSTALL := $(PY) -m pip install -qq --require-hashes --no-deps

.PHONY: help install gen check-gen lint test cases bench load run up down status migrate gateway-check lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(DEV) ## Install everything for development into .venv (repeating is instant)

$(PY):
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Creating $(VENV) with $(PYTHON)" >&2
	@"$(PYTHON)" -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "This Python lacks the venv module (Debian: package python3.11-venv)" >&2; exit 1; }

$(RUNTIME): requirements.lock | $(PY)
	@echo "Installing what the product runs on (requirements.lock)" >&2
	@$(PIP_INSTALL) -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME) | $(PY)
	@echo "Installing what tests and tools need (requirements-dev.lock)" >&2
	@$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@

run: $(RUNTIME) ## Start everything, review a sample bill, serve until Ctrl-C
	@exec $(PY) -m deploy.local run

up: $(RUNTIME) ## Start everything in the background; returns when healthy, safe to repeat
	@exec $(PY) -m deploy.local up

down: $(RUNTIME) ## Stop everything in order; safe to repeat
	@exec $(PY) -m deploy.local down

status: $(RUNTIME) ## Show what runs; fails when something is missing
	@exec $(PY) -m deploy.local status

migrate: $(RUNTIME) ## Bring the database schema up to date
	@$(PY) -m services.migrations.run

test: lint check-gen gateway-check ## Lint, check generated code and gateway, run all tests
	@$(PY) -m pytest

lint: $(DEV) ## Check style and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

gen: $(DEV) ## Generate Python code from proto/
	@$(PY) proto/generate.py

check-gen: $(DEV) ## Lint proto/ and fail when generated code is out of date
	@$(PY) proto/generate.py --check

gateway-check: $(DEV) ## Validate the gateway configuration with Envoy itself
	@$(PY) -m gateway.run --check

cases: $(DEV) ## Run the case files over gRPC and REST
	@$(PY) -m pytest tests/cases

bench: $(DEV) ## Measure speed as ratios: floor, services, gateway, a FastAPI peer, streaming; engine; bulk; insurance
	@$(PY) -m tests.load.bench
	@$(PY) -m tests.load.engine
	@$(PY) -m tests.load.bulk
	@$(PY) -m tests.load.insurance
	@$(PY) -m tests.load.schedules

load: $(DEV) ## Put a running stack under load; 50,000 bad requests to the insurance routes
	@$(PY) -m tests.load.load
	@$(PY) -m tests.load.fuzz

# No addresses of package indexes may get into the locks, whatever the local pip configuration says.
PIP_COMPILE := $(PY) -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-annotate --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

lock: $(DEV) ## Rewrite the lock files after an edit of requirements*.in
	@$(PIP_COMPILE) --output-file requirements.lock requirements.in
	@$(PIP_COMPILE) --output-file requirements-dev.lock requirements-dev.in

clean: ## Remove caches and .venv; state in var/ stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
