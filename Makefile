# Loket: every command, from a machine that has only Python >= 3.11 and make. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PYTHON3 ?= python3
UV := $(shell command -v uv 2>/dev/null)
HOST ?= 127.0.0.1
PORT ?= 8000
JOBS ?= auto
export LOKET_HOME ?= var

# A stamp per lock file: whoever changes a lock gets a fresh install, everybody else none.
BASE := $(VENV)/.base-$(shell sha256sum requirements/base.txt pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)
TRAIN := $(VENV)/.train-$(shell sha256sum requirements/train.txt pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)
TEST := $(VENV)/.test-$(shell sha256sum requirements/test.txt pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: run
run: $(BASE) ## Everything on http://127.0.0.1:8000: schema, reference data, demo set, API, pages, worker (PORT=)
	@$(BIN)/loket migrate
	@$(BIN)/loket seed reference
	@LOKET_PUBLIC_URL=$${LOKET_PUBLIC_URL:-http://$(HOST):$(PORT)} $(BIN)/loket seed demo
	@exec $(BIN)/loket serve --host $(HOST) --port $(PORT)

.PHONY: test
test: $(TEST) ## Every test, or some: make test T=tests/core
	@$(BIN)/python -m pytest -n $(JOBS) $(T)

.PHONY: check
check: $(TEST) ## What takes seconds and no server: lint, format, types, import contracts, requirements, OpenAPI, lifecycles, docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/loket catalogue check
	@$(BIN)/loket openapi --check
	@$(BIN)/loket docs --check

.PHONY: format
format: $(TEST) ## Mend formatting and what lint can mend by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: openapi
openapi: $(BASE) ## Write openapi/loket.yaml and the drawn parts of docs/ from the code
	@$(BIN)/loket openapi
	@$(BIN)/loket docs

.PHONY: migration
migration: $(BASE) ## A migration from the models: make migration m="add a column"
	@test -n "$(m)" || { echo 'Say what it does: make migration m="add ..."' >&2; exit 2; }
	@$(BIN)/python -m scripts.migration "$(m)"

.PHONY: bench
bench: $(TEST) ## Ratios to bare routes and to the database itself, also in var/bench.json
	@$(BIN)/python -m scripts.bench

.PHONY: demo
demo: $(BASE) ## The whole story against a running server (make run in another terminal): make demo IMAGE=photo.jpg
	@$(BIN)/loket demo --base-url http://$(HOST):$(PORT) $(if $(IMAGE),--image $(IMAGE))

.PHONY: soak
soak: $(TEST) ## What is too long for make test: chaos on the bank and on killed processes
	@$(BIN)/python -m pytest -m soak tests

.PHONY: peers
peers: $(TEST) ## Third-party clients against this server
	@$(BIN)/python -m pytest tests/peers

.PHONY: train-reader
train-reader: $(TRAIN) ## Train the plate reader on drawn plates: some twenty minutes, goes on where it stopped (docs/plate-reader.md)
	@nice $(BIN)/python -m scripts.reader.train

.PHONY: css
css: ## Compile the styles again after a change in app/static/src (needs node and npm)
	@sh app/static/src/build.sh

.PHONY: lock
lock: ## Lock requirements/*.in again with hashes (needs uv; UPGRADE=1 takes newer versions)
	@scripts/lock.sh

.PHONY: clean
clean: ## Remove what can be made again: caches and .venv (the state in var/ stays)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

define install
	@test -x $(BIN)/python || { echo "Making $(VENV)"; $(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Loket needs Python 3.11 or newer; $(PYTHON3) is $$($(PYTHON3) --version)" >&2; exit 1; }; \
	  $(PYTHON3) -m venv $(VENV); }
	@echo "Installing $(1), hash-checked (a few minutes the first time)"
	@$(if $(UV),VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r $(1),\
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1))
	@$(if $(UV),VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation -e .,\
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .)
	@rm -f $(VENV)/.$(2)-*
	@touch $@
endef

$(BASE): requirements/base.txt
	$(call install,requirements/base.txt,base)

$(TRAIN): $(BASE) requirements/train.txt
	$(call install,requirements/train.txt,train)
	@touch $(BASE)

$(TEST): requirements/test.txt
	$(call install,requirements/test.txt,test)
	@touch $(BASE)
