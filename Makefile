# The two commands of a fresh clone: make demo, make test.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES := $(shell $(PYTHON) -c 'import os; print(os.cpu_count() or 1)')
# One more than there are cores, for tests also wait: for servers, browsers and clocks.
JOBS ?= $(shell $(PYTHON) -c 'print($(CORES) + 1)')
WORKERS ?= auto
# The tests run hundreds of commands: without compiled files each compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint types unit untraced compiled package platforms docs bench clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=/path/to/python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.user: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV) (once) …"
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	@touch $@

$(VENV)/.dev: $(VENV)/.user
	@echo "Adding what the tests need (once) …"
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

demo: $(VENV)/.user ## run the main job against the embedded sandbox
	@$(BIN)/wechatpay demo
	@$(BIN)/taobao-top demo

test: $(VENV)/.dev ## everything CI runs
	@$(BIN)/python tools/side_by_side.py '$(MAKE) --no-print-directory compiled' '$(MAKE) --no-print-directory lint types'
	@: # Each with as many workers as there are cores: whichever ends last has them all.
	@$(BIN)/python tools/side_by_side.py '$(MAKE) --no-print-directory package WORKERS=$(CORES)' \
		'$(MAKE) --no-print-directory untraced JOBS=$(CORES)' '$(MAKE) --no-print-directory unit JOBS=$(CORES)'

compiled: $(VENV)/.dev # once, and without coverage: of each worker it would take minutes
	@said=$$($(BIN)/python -m pytest --collect-only --quiet 2>&1) || { echo "$$said" | tail -n 40; exit 1; }

lint: $(VENV)/.dev ## style, and who may import what
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo

types: $(VENV)/.dev ## types, by both checkers at once
	$(BIN)/pyright & beside=$$!; $(BIN)/mypy; found=$$?; wait $$beside && exit $$found

unit: $(VENV)/.dev ## tests with branch coverage
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest --part traced -n $(JOBS) --dist loadgroup --cov --cov-report=term-missing:skip-covered --junitxml=build/unit.xml

untraced: $(VENV)/.dev ## tests that need no coverage: browsers, other libraries, all data
	$(BIN)/python -m pytest --part untraced -n $(JOBS) --dist loadgroup --junitxml=build/untraced.xml

package: $(VENV)/.dev ## build, install elsewhere, test there
	$(BIN)/python -m tools.check_package -n $(WORKERS)

platforms: $(VENV)/.dev ## the package check on every Python of this machine
	$(BIN)/python -m tools.check_package -n $(WORKERS) --every-python

docs: $(VENV)/.dev ## the documentation in both languages, in build/docs
	$(BIN)/python -m tools.build_docs build/docs

bench: $(VENV)/.dev ## our speed beside the floor's and the peers'
	$(BIN)/python benchmarks/run.py

clean: ## remove everything that was made
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache
