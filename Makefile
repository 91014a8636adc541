# Everything a person runs. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# The newest interpreter that is found, version managers' included: what is deployed is 3.13, and
# programs of rollouts need 3.12. PYTHON=... takes another.
PYTHON ?= $(shell sh scripts/newest_python.sh)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
TEST_ARGS ?=
EVENTS ?=
MUTATE_ARGS ?=
# The files that hold such a test: the others need not be read for it.
PROOFS = $(shell grep -rl --include='test_*.py' 'pytest.mark.proof' tests)

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: replay
replay: $(VENV)/run.stamp ## Score every event under events/ with its rubric, through the Lambda handler
	@$(BIN)/rewards replay $(EVENTS)

.PHONY: emulator
emulator: .cache/rie/aws-lambda-rie ## Fetch AWS's Runtime Interface Emulator, which the tests compare with

.cache/rie/aws-lambda-rie: scripts/fetch_rie.py requirements/emulator.txt | $(VENV)/dev.stamp
	@$(BIN)/python scripts/fetch_rie.py

# Debian's package where this is root's machine; elsewhere any Chromium that is there is used, and
# without one the tests of pages in a browser are skipped by name.
.PHONY: browser
browser: ## Install Chromium for the tests of HTML pages, where that is allowed
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing chromium (once) ..."; \
		(apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install -y --no-install-recommends chromium) >/dev/null 2>&1 && exit 0; fi; \
	echo "no Chromium here: the tests of pages in a browser are skipped"

.PHONY: test
test: $(VENV)/infra.stamp emulator ## Run the tests (TEST_ARGS="-k name" for some); see proofs
	$(BIN)/python -m pytest -n 2 -p no:benchmark -p no:randomly -m "not proof" $(TEST_ARGS)

.PHONY: proofs
proofs: $(VENV)/infra.stamp ## The tests that take long: whole syntheses and builds, skeletons under mypy
	$(BIN)/python -m pytest -n 2 -p no:benchmark -p no:randomly -m proof $(PROOFS)

.PHONY: cover
cover: $(VENV)/infra.stamp emulator ## The tests, and which lines and branches of rewards/ none of them runs
	$(BIN)/python -m pytest -n 2 -p no:benchmark -p no:randomly -m "not proof" \
		--cov=rewards --cov-branch --cov-report=term-missing:skip-covered $(TEST_ARGS)

.PHONY: check
check: $(VENV)/infra.stamp ## Lint, format check, and types by mypy and pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python scripts/check_changelog.py
	$(BIN)/zizmor --offline --quiet .github

.PHONY: format
format: $(VENV)/dev.stamp ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: $(VENV)/dev.stamp ## Measure speed as ratios within one run, into benchmarks/results.md
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-columns=median,ops,rounds -q --record

.PHONY: fuzz
fuzz: $(VENV)/dev.stamp ## 200,000 malformed events through the handler's path, seeded
	$(BIN)/python -m tests.fuzz --events 200000

.PHONY: kills
kills: $(VENV)/dev.stamp ## SIGKILL at 80 random moments of rewards score, seeded: same bytes, nothing left
	$(BIN)/python -m tests.kills --kills 40

.PHONY: docs
docs: $(VENV)/docs.stamp ## Build the documentation site into build/site, warnings as errors
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/python -m mkdocs build --strict --quiet

.PHONY: mutate
mutate: $(VENV)/infra.stamp ## Mutants of the core against its tests, seeded (MUTATE_ARGS="rubric --count 80")
	$(BIN)/python scripts/mutate.py $(MUTATE_ARGS)

.PHONY: shuffle
shuffle: $(VENV)/infra.stamp emulator ## All tests in a random order, then each file alone (SEED=n)
	$(BIN)/python -m pytest -n 2 -q -p no:benchmark $(if $(SEED),-p "randomly_seed=$(SEED)")
	@for file in $$(git ls-files 'tests/test_*.py' 'tests/*/test_*.py'); do \
		$(BIN)/python -m pytest -q --no-header -p no:benchmark -p no:randomly $$file || exit 1; done

.PHONY: wheel-test
wheel-test: $(VENV)/infra.stamp ## Build the wheel, install it elsewhere, and use it there
	$(BIN)/python scripts/try_wheel.py

.PHONY: lock
lock: $(VENV)/infra.stamp ## Pin every dependency again, by name, version and hash
	@for set in lambda run dev infra docs; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --upgrade --custom-compile-command "make lock" \
			requirements/$$set.in -o requirements/$$set.txt || exit 1; done

.PHONY: clean
clean: ## Remove what the targets made, the virtual environment too
	rm -rf $(VENV) .cache cdk.out build dist node_modules

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make replay PYTHON=/path/to/python3.13"; exit 1; }
	@echo "installing into $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	@echo "installing what the tests need (once) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/docs.stamp: $(VENV)/run.stamp requirements/docs.txt
	@$(PIP) install --require-hashes -r requirements/docs.txt
	@touch $@

include mk/infra.mk
