# Payloom: two commands matter, `make demo` and `make test`. Everything they need is set up by them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup demo demo-check test check lint fix bench storm lock clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): requirements/dev.txt pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else "Payloom needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.12 setup" % v)'
	@echo "payloom: setting up $(VENV) (once; about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

setup: $(STAMP) ## prepare .venv with everything pinned

demo: $(STAMP) ## run the shop with five payment flows, a local Stripe and a mail outbox
	@$(BIN)/payloom demo $(ARGS)

demo-check: $(STAMP) ## play all five flows without a browser and print the evidence
	@$(BIN)/payloom demo --check $(ARGS)

test: $(STAMP) ## set everything up and run every test
	@$(BIN)/python tests/ensure_chromium.py
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(STAMP) ## lint, import contract, types, unit tests
	@$(BIN)/ruff check src tests hatch_build.py
	@$(BIN)/ruff format --check src tests hatch_build.py
	@$(BIN)/lint-imports
	@$(BIN)/pyright
	@$(BIN)/python -m pytest tests/unit $(ARGS)

fix: $(STAMP) ## format and fix what the linter can fix
	@$(BIN)/ruff check --fix -q src tests hatch_build.py || true
	@$(BIN)/ruff format -q src tests hatch_build.py

lock: ## re-pin requirements/*.txt from requirements/*.in (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header requirements/runtime.in -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -c requirements/runtime.txt requirements/dev.in -o requirements/dev.txt

clean: ## remove the virtual environment and build leftovers
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
