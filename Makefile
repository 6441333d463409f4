# Each goal does all the set-up that it needs. The first time that takes minutes; with nothing missing, a blink.

BIN := .venv/bin
PYTHON ?=
SCENARIOS ?= all
ARGS ?=
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup drill test lint types images bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  SCENARIOS=\"db_failover\" and ARGS=\"--seed 7\" narrow make drill; ARGS also reaches pytest in make test."
	@echo "  PYTHON=python3.12 chooses the interpreter of .venv (3.11, 3.12 or 3.13)."

setup: ## .venv with the locked packages; MariaDB and Redis as programs, never as services
	@.ci/setup

drill: setup ## every drill, on real servers, as processes of this machine
	$(BIN)/harness drill $(SCENARIOS) --environment processes $(ARGS)

images: setup ## container images for the drills on containers, where a container engine answers
	@.ci/images

test: lint types images ## everything that must hold: lint, types, all tests, every drill and control, drills on containers, one on MySQL
	$(BIN)/pytest tests scenarios --harness-negative $(ARGS)
	$(BIN)/pytest scenarios --harness-environment containers $(ARGS)
	$(BIN)/pytest scenarios/db_failover.py -k killed --harness-environment containers --harness-database mysql $(ARGS)

lint: setup ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy --strict
	$(BIN)/mypy

bench: setup ## what is fast, and compared with what
	$(BIN)/python -m benchmarks $(ARGS)

clean: ## removes what make made: .venv and caches; keeps runs/, which are evidence, and system packages
	@if [ -e .venv/.made-by-setup ]; then rm -rf .venv; fi
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(wildcard harness system scenarios tests benchmarks) -type d -name __pycache__ -prune -exec rm -rf {} +
