# Two commands do everything: `make demo` and `make test`. Both set up what they need.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Importing without bytecode triples the start-up of every program; some machines switch it off.
unexport PYTHONDONTWRITEBYTECODE
export UV_PYTHON_DOWNLOADS := never

VENV := .venv
RUN := $(VENV)/bin/
READY := $(VENV)/.ready
# Tests wait for processes: three workers keep two cores busy.
WORKERS ?= 3

.PHONY: help demo test test-all check format bench docs clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml uv.lock tools/setup.sh
	@bash tools/setup.sh $(VENV)
	@touch $@

demo: $(READY) ## Bring the reference platform up on the embedded cloud
	@$(RUN)python tools/demo.py

test: $(READY) ## Run the test suite (at most ten minutes on two cores)
	@$(RUN)pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: $(READY) ## Run every test, the slow ones too
	@$(RUN)pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --hypothesis-profile exploring

check: $(READY) ## Formatting, lint, types, floors, house rules
	@$(RUN)ruff format --check .
	@$(RUN)ruff check .
	@$(RUN)mypy
	@$(RUN)lint-imports
	@$(RUN)python tools/house.py src

format: $(READY) ## Rewrite the sources in the house's format
	@$(RUN)ruff format . && $(RUN)ruff check --fix .

bench: $(READY) ## Measure; prints tables and writes benchmarks/results
	@$(RUN)python -m benchmarks

docs: $(READY) ## Regenerate docs/reference
	@$(RUN)python tools/reference.py

clean: ## Remove what set-up made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
