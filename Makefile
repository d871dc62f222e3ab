# Payloom: two commands matter, `make demo` and `make test`. Everything they need is set up by them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Hundreds of processes start in the tests: each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo demo-check studio studio-dev studio-once test check lint fix bench storm stripe-cli emulator-pyz mutate lock release audit licenses clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

PIP := $(BIN)/python -m pip install -q --disable-pip-version-check

# What the demo needs. `make test` and `make setup` add the tools for testing on top.
$(VENV)/.runs: requirements/runtime.txt requirements/build.txt pyproject.toml hatch_build.py emulator/pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else "Payloom needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.12 setup" % v)'
	@echo "payloom: setting up $(VENV) (once; less than a minute)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e emulator -e .
	@touch $@

$(VENV)/.tests: $(VENV)/.runs requirements/dev.txt
	@echo "payloom: adding the tools for testing to $(VENV) (once)" >&2
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/.tests ## prepare .venv with everything pinned

STUDIO := $(BIN)/python studio/build.py --node requirements/node.txt

studio: $(VENV)/.runs ## build the studio into the package (skipped when nothing changed)
	@$(STUDIO)

# Everything but the studio works without it, so a machine without a network still gets its demo.
studio-once: $(VENV)/.runs
	@$(STUDIO) --optional

studio-dev: studio ## serve the studio from its sources, reloading, beside a running `payloom dev` (PAYLOOM_URL)
	@cd studio && node node_modules/vite/bin/vite.js

demo: $(VENV)/.runs studio-once ## run the shop with five payment flows, a local Stripe and a mail outbox
	@$(BIN)/payloom demo $(ARGS)

demo-check: $(VENV)/.runs ## play all five flows without a browser and print the evidence
	@$(BIN)/payloom demo --check $(ARGS)

# In a fresh clone, each of the test processes would compile every module and every test.
$(VENV)/.compiled: $(VENV)/.tests
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null || true
	@touch $@

test: $(VENV)/.tests ## set everything up and run every test
	@$(MAKE) -s -j2 studio $(VENV)/.compiled
	@$(BIN)/python tests/ensure_chromium.py
	@$(BIN)/python -m pytest -p no:xdist -p tests.support.session.forked --forks auto -rfER $(ARGS)

check: $(VENV)/.tests ## lint, import contract, types, the studio's sources, unit tests
	@$(BIN)/ruff check src emulator tests bench hatch_build.py studio/build.py
	@$(BIN)/ruff format --check src emulator tests bench hatch_build.py studio/build.py
	@$(BIN)/lint-imports
	@$(BIN)/pyright
	@$(STUDIO) --check
	@$(BIN)/python -m pytest tests/unit emulator/tests/unit $(ARGS)

fix: $(VENV)/.tests ## format and fix what the linter can fix
	@$(BIN)/ruff check --fix -q src emulator tests bench hatch_build.py studio/build.py || true
	@$(BIN)/ruff format -q src emulator tests bench hatch_build.py studio/build.py
	@$(STUDIO) --fix

bench: $(VENV)/.tests ## measure as ratios to floors taken in the same run (see bench/README.md)
	@$(BIN)/python -W ignore bench $(ARGS)
	@$(BIN)/python -W ignore bench/studio.py $(STUDIO_ARGS)
	@$(BIN)/python -W ignore bench/scale

storm: $(VENV)/.tests ## the whole fault matrix, with its table in storm.md (about an hour; PAYLOOM_STORM_TIMES=5 for a night)
	@PAYLOOM_STORM=1 PAYLOOM_STORM_TABLE=$${PAYLOOM_STORM_TABLE:-storm.md} $(BIN)/python -m pytest -p no:cacheprovider tests/storm \
	  tests/integration/connectors/stripe/test_stripe_once.py tests/integration/connectors/stripe/test_stripe_answers.py $(ARGS)

stripe-cli: $(VENV)/.tests ## run every trigger of Stripe's own CLI against the local Stripe (half a minute; npm brings the CLI)
	@PAYLOOM_EVERY_TRIGGER=1 $(BIN)/python -m pytest emulator/tests/integration/server/test_stripe_cli.py $(ARGS)

mutate: $(VENV)/.tests ## make one small fault at a time in the modules that guard money, and list those no test notices
	@$(BIN)/python -m tests.mutation $(ARGS)

topology: $(VENV)/.tests ## play a deployment on this machine: rolling upgrade, deaths, restore, under load (minutes)
	@$(BIN)/python -W ignore -m tests.topology.rehearsal $(ARGS)

PIN := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
lock: ## re-pin requirements/*.txt from requirements/*.in (needs uv)
	cd requirements && $(PIN) runtime.in -o runtime.txt
	cd requirements && $(PIN) -c runtime.txt build.in -o build.txt
	cd requirements && $(PIN) node.in -o node.txt
	cd requirements && $(PIN) -c runtime.txt -c build.txt -c node.txt dev.in -o dev.txt
	cd requirements && $(PIN) -c runtime.txt -c build.txt release.in -o release.txt

emulator-pyz: $(VENV)/.tests ## pack the local Stripe and all it needs into one file, dist/payloom-emulator.pyz
	@$(BIN)/python -m emulator.tools.build_zipapp dist/payloom-emulator.pyz

$(VENV)/.releases: $(VENV)/.runs requirements/release.txt
	@$(PIP) --require-hashes -r requirements/release.txt
	@touch $@

release: studio $(VENV)/.releases ## build both distributions and their bill of materials (CycloneDX) into dist/
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation --outdir dist .
	@$(BIN)/python -m build --no-isolation --outdir dist emulator
	@$(BIN)/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml -o dist/payloom.cdx.json requirements/runtime.txt

audit: $(VENV)/.releases ## look for known vulnerabilities in what is pinned (needs a network)
	@for file in runtime build dev release; do $(BIN)/pip-audit --require-hashes --disable-pip -r requirements/$$file.txt || exit 1; done
	@cd studio && npm audit --audit-level=moderate

licenses: $(VENV)/.runs ## write docs/reference/licenses.md from what is installed
	@$(BIN)/python requirements/licenses.py > docs/reference/licenses.md

clean: ## remove the virtual environment and build leftovers
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
