# `make` alone lists every command with one line each.
.DEFAULT_GOAL := help
.PHONY: help run demo test test-fast check fix bench deep lock clean
SHELL := /bin/sh
PYTHON_OF_PROJECT := .venv/bin/python
PYTEST := $(PYTHON_OF_PROJECT) -m pytest
INSTALL := tools/bootstrap
JOBS ?= 2

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1: \2/p' $(MAKEFILE_LIST)

run: ## Install and start everything; PORT=8000, DATA_DIR=.local, DATABASE_URL, REDIS_URL change the obvious
	@$(INSTALL) local
	@exec $(PYTHON_OF_PROJECT) -m seller_center.running

demo: ## Throw the data away and load a fresh demo marketplace
	@$(INSTALL) local
	@$(PYTHON_OF_PROJECT) manage.py demo --fresh

test: ## All tests on servers of their own, thrown away afterwards; ARGS="-k name" narrows it
	@$(INSTALL) dev
	@tools/chromium
	@$(PYTEST) -n $(JOBS) --dist loadgroup -m "not deep and not alone" $(ARGS) || [ $$? -eq 5 ]
	@$(PYTEST) -m "alone and not deep" $(ARGS) || [ $$? -eq 5 ]

test-fast: ## The tests without browser and without what takes long
	@$(INSTALL) dev
	@$(PYTEST) -n $(JOBS) --dist loadgroup -m "not deep and not slow and not browser" $(ARGS)

check: ## Format, lint, types, templates, imports, migrations, system checks, vendored files, docs map; ARGS="types"
	@$(INSTALL) dev
	@$(PYTHON_OF_PROJECT) tools/check.py $(ARGS)

fix: ## Format, mend what can be mended, and write the docs map anew
	@$(INSTALL) dev
	@$(PYTHON_OF_PROJECT) -m ruff check --fix-only --quiet .
	@$(PYTHON_OF_PROJECT) -m ruff format --quiet .
	@$(PYTHON_OF_PROJECT) tools/house_map.py

bench: ## Measure beside the references, in one run; only=NAME and scale=small or full narrow it
	@$(INSTALL) dev
	@$(PYTHON_OF_PROJECT) tools/bench.py $(if $(only),only=$(only)) scale=$(or $(scale),small)

deep: ## The long tests before a release; SEED=number replays one
	@$(INSTALL) dev
	@tools/chromium
	@tools/spreadsheet
	@$(PYTHON_OF_PROJECT) tools/deep.py $(SEED) $(ARGS)

lock: ## Compile the requirements anew from pyproject.toml (needs uv): names, versions and hashes, no addresses
	@tools/lock

clean: ## Remove the data of `make run` (not the installation)
	@rm -rf .local/pg .local/valkey .local/media .local/private .local/mails .local/sandbox .local/celerybeat* \
		.local/run.json .local/secrets.json && echo "Removed the data in .local."
