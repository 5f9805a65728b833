# One word for each thing one does here; the work is in scripts/.
.PHONY: help up test lint fmt lock docs bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*##/ { printf "make %-7s %s\n", $$1, $$2 }' Makefile

up: ## install what is missing and serve the sample city (HOST, PORT, LIANPU_HOME)
	@exec scripts/up

test: ## everything that must hold: style, types, arrows, tests on SQLite and PostgreSQL, documentation
	@exec scripts/test

lint: ## style, types and arrows only
	@exec scripts/test lint

fmt: ## put the code in form
	@scripts/bootstrap dev
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lock: ## renew the lock files from pyproject.toml and package.json
	@exec scripts/lock

docs: ## build the documentation into site/
	@exec scripts/test docs

bench: ## the benchmarks: each prints a ratio against a peer
	@scripts/bootstrap dev
	@set -e; for script in benchmarks/[a-z]*.py; do echo "== $$script"; .venv/bin/python $$script; done

clean: ## remove what was installed and built; LIANPU_HOME stays
	rm -rf .venv .venv-boot .venv-node node_modules build site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
