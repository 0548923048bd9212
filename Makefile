# One screen. Each target that needs the virtual environment makes it first; the second time that costs nothing.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-dev setup-browsers demo run test test-firefox test-faults fuzz screens accessible weight lighthouse check lint format policy docs bench-board bench-end bench-media bench-join bench-reconnect bench-lines soak constraints clean

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
CODE := orchestrator signaling workers tests

help:             ## list the targets
	@sed -nE 's/^([a-z-]+): [^#]*## (.*)/\1\t\2/p; s/^([a-z-]+): *## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 17

setup:            ## make .venv with the program `madoguchi` in it
	@deploy/setup

setup-dev:        ## the same, with what tests and checks need
	@deploy/setup dev

setup-browsers:   ## install Chromium, Firefox ESR, a Japanese font and coturn (Debian packages)
	@deploy/setup browsers firefox

demo: setup       ## start a session that begins in 30 seconds, with its links (ARGS="--lan" for a phone)
	@$(BIN)/madoguchi demo $(ARGS)

run: setup        ## start the server (ARGS="--port 8443")
	@$(BIN)/madoguchi serve $(ARGS)

test: setup-dev setup-browsers ## everything: style, types, import rule, all tests, in two processes (ARGS="-k lobby")
	@verdict=0; $(MAKE) --no-print-directory lint || verdict=$$?; $(PYTEST) -n 2 $(ARGS) || verdict=$$?; exit $$verdict

test-firefox: setup-dev setup-browsers ## every story that people play at Chromium and at Firefox ESR (ARGS="-k reload")
	@$(PYTEST) tests/browser/both -m '' $(ARGS)

test-faults: setup-dev setup-browsers ## every fault in real browsers against tests/faults/expected.toml (RUNS=3 ROOMS=3 ARGS="node_killed")
	@$(BIN)/python -m tests.faults $(ARGS)

fuzz: setup-dev   ## a million hostile packets at the media port, calls beside them (ARGS="--inputs 20000 --seed 1")
	@deploy/setup fuzz
	@$(BIN)/python -m tests.fuzz $(ARGS)

screens: setup-dev setup-browsers ## every state of every page into docs/screens, examined by axe-core on the way (ARGS="--only door,check")
	@$(BIN)/python -m tests.screens $(ARGS)

accessible: setup-dev setup-browsers ## axe-core on every state, on its sizes, both themes and languages; no pictures (ARGS="--languages en")
	@$(BIN)/python -m tests.screens --accessible $(ARGS)

weight: setup-dev setup-browsers ## what the pages weigh, and how soon they stand on a slow phone (ARGS="--times 5")
	@$(BIN)/python -m tests.benchmarks.weigh $(ARGS)

lighthouse: setup-dev setup-browsers ## Lighthouse on door, check, lobby, board, desk and index: each at least 95 (ARGS="--only door")
	@deploy/setup lighthouse
	@$(BIN)/python -m tests.benchmarks.lighthouse $(ARGS)

check: setup-dev docs ## test, and the generated files are as committed
	@git diff --exit-code --stat -- docs
	@$(MAKE) --no-print-directory test

lint: setup-dev   ## style, types, import rule
	@verdict=0; \
	for check in "ruff check ." "ruff format --check ." "mypy" "lint-imports"; do \
	  echo "== $$check"; $(BIN)/$$check || verdict=1; \
	done; exit $$verdict

format: setup-dev ## write the code as the style wants it
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

policy: setup-dev ## the policy's own tests must walk every branch of it
	@$(PYTEST) tests/orchestrator/policy --cov=orchestrator/policy --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

docs: setup-dev   ## write the pages of docs/ that come from code, programmes and scenarios
	@$(BIN)/python -m orchestrator.policy.docs
	@$(BIN)/python -c 'from orchestrator import settings; print(settings.document(), end="")' >docs/settings.md
	@$(BIN)/python -m orchestrator.refusals
	@$(BIN)/python -m signaling.sentences
	@$(BIN)/python -m tests.scenarios.clauses

bench-board: setup-dev setup-browsers ## 1,000 live rooms on one board: from an event to the painted row, and long tasks while scrolling
	@$(BIN)/python -m tests.benchmarks.bench_board $(ARGS)

bench-end: setup-dev ## 200 sessions that end at one instant: how late is the last packet?
	@$(BIN)/python -m tests.benchmarks.bench_end $(ARGS)

bench-media: setup-dev ## our worker and Janus side by side: CPU a packet, latency, memory (CALLS=20 SECONDS=8 REPEATS=3)
	@deploy/setup benchmarks
	@$(BIN)/python -m tests.benchmarks.bench_media $(ARGS)

bench-join: setup-dev setup-browsers ## from the click on join to the first picture, in real Chromium (CALLS=11)
	@$(BIN)/python -m tests.benchmarks.bench_join $(ARGS)

bench-reconnect: setup-dev setup-browsers ## from the network's return to the next picture, in real Chromium (TIMES=10)
	@$(BIN)/python -m tests.benchmarks.bench_reconnect $(ARGS)

bench-lines: setup-dev setup-browsers ## bad lines in real browsers: frames, freezes, bitrate, sound (SECONDS=15 TIMES=1)
	@$(BIN)/python -m tests.benchmarks.bench_lines $(ARGS)

soak: setup-dev   ## half an hour of joining and leaving through node and worker; fails when anything grows (SOAK_MINUTES=30)
	@$(BIN)/python -m tests.benchmarks.soak $(ARGS)

constraints:      ## move every pinned version up to today's, into constraints.txt
	@deploy/setup constraints

clean:            ## remove caches and build products, never .venv or data
	@rm -rf build dist *.egg-info .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
