# `make` lists the targets. Everything runs in .venv, which they make from constraints.txt, but for a benchmark's
# peers that want older libraries, in .venv-peers.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo demo-clean test test-anyday test-anyday-quick storm powercut bench-lake bench-detect bench-motion bench-forecast check format clean

help: ## List the targets
	@grep -hE '^[a-z.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(READY): pyproject.toml constraints.txt
	@.ci/preflight $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

demo: $(READY) ## The whole path on a synthetic city, then the page on http://127.0.0.1:8000/ (ONCE=1 checks it and stops)
	@PATH="$(CURDIR)/$(BIN):$$PATH" ONCE=$(ONCE) ./demo.sh

demo-clean: ## Forget the demo's lake
	rm -rf demo-lake

# Two at a time, file by file: much of a test's time is waited for, and a file's tests share what they made.
# In the order of tests/conftest.py, which begins with the slow files; pytest-xdist would with those of most tests.
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

# What starts Ray runs alone: two Rays at once take so long to start on two cores that they give up.
test: $(READY) ## Run all tests
	$(BIN)/python -m pytest $(PARALLEL) -m "not ray"
	$(BIN)/python -m pytest -m ray

# Lebaran half a minute before the city's midnight, a year's end, a leap day at UTC's midnight, years ahead.
DAYS := 2027-03-19T16:59:30Z 2027-12-31T16:59:30Z 2028-02-29T00:00:00Z 2031-07-01T12:00:00Z
# Left out: what starts Ray or a browser, whose own processes have not been tried under faketime.
ANYDAY := not ray and not browser

test-anyday: $(READY) ## The suite as on four other days, under faketime (without Ray and browser)
	@for day in $(DAYS); do .ci/anyday "$$day" $(PARALLEL) -m "$(ANYDAY)" || exit 1; done

test-anyday-quick: $(READY) ## Its quick tests on two of those days
	@for day in $(word 1,$(DAYS)) $(word 3,$(DAYS)); do \
	  .ci/anyday "$$day" $(PARALLEL) -m "$(ANYDAY) and not slow and not data" || exit 1; done

storm: $(READY) ## Prove that whatever is killed nothing is lost: about twenty minutes, and writes docs/proofs/storm.md
	PYTHONPATH=. $(BIN)/python tests/proofs/storm.py --write docs/proofs/storm.md

powercut: $(READY) ## Prove that a power cut loses nothing (needs root): a few minutes, and writes docs/proofs/powercut.md
	PYTHONPATH=. $(BIN)/python tests/proofs/powercut.py --write docs/proofs/powercut.md

bench-lake: $(READY) ## How fast the lake is against its peers: about ten minutes, and writes docs/proofs/lake-bench.md
	$(BIN)/python tests/benchmarks/lake.py --write docs/proofs/lake-bench.md

bench-detect: $(READY) ## What it costs to see, against the bare network and a peer, on real clips (MATAKOTA_DATA=): a few minutes, and writes docs/proofs/detect-bench.md
	PYTHONPATH=. OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/detect.py --write docs/proofs/detect-bench.md

bench-motion: $(READY) ## Which speeds are counted at how many looks a second, on scripted roads: some minutes
	PYTHONPATH=. $(BIN)/python tests/benchmarks/motion.py

.venv-peers/.ready: tests/benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

bench-forecast: $(READY) .venv-peers/.ready ## The forecasts against their peers on public series (DATA=): about ten minutes, and writes docs/proofs/forecast-bench.md
	PYTHONPATH=. OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/forecast.py --write

check: $(READY) ## ruff, mypy strict, the import contracts and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/house/test_house.py tests/house/test_clock.py

format: $(READY) ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the environment and everything made by tools
	rm -rf $(VENV) .venv-peers build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
