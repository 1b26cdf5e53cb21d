# Everything that a person or CI runs. A bare `make` only helps.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
# python3.11 where there is one; else a python3 that is new enough (checked below).
PYTHON ?= $(shell command -v python3.11 || command -v python3)
MVN := mvn -q -B -ntp -Dstyle.color=never
COPY_JARS = $(MVN) -P $(1) dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=jars/$(1)
PYTEST := $(BIN)/pytest
# Two processes: most tests of commands wait for a JVM to start, and one core idles. In the order of tests/conftest.py.
PYTEST_BOTH := $(PYTEST) -n 2 --no-loadscope-reorder

##@ Start
.PHONY: help
help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: .setup-venv .setup-jars ## prepare .venv and ./jars; a second call takes no time

.PHONY: demo
demo: setup ## 20,000 made posts from Kafka to Gold, shown on the terminal (KEEP=1 leaves it running)
	@$(BIN)/python -m local.demo $(if $(KEEP),--keep)

.PHONY: demo-stop
demo-stop: setup ## end what `make demo KEEP=1` left running
	@$(BIN)/python -m local.demo --stop

.PHONY: classes
classes: jars/classes.jsa ## an archive of Spark's classes in ./jars, made once: a start takes about half the CPU time

.PHONY: live
live: setup ## follow words on live platforms up to a dashboard (WATCH='coffee OR "cold brew"', SIMULATED=1 offline), until Ctrl-C
ifdef WATCH
	@$(BIN)/python -m local.live --watch "$$WATCH" $(if $(SIMULATED),--simulated)
else
	@$(BIN)/echostream up
	@$(BIN)/echostream ingest $(or $(PLATFORM),bluesky) $(if $(BASE_URL),--base-url $(BASE_URL))
endif

.PHONY: doctor
doctor: setup ## what is missing on this machine, and what to do about it
	@$(BIN)/echostream doctor

.PHONY: wheel
wheel: setup ## dist/echostream-….whl, for spark-submit --py-files; needs no network
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel

##@ Test
.PHONY: test
test: setup classes ## all tests that a change needs: nothing is killed, no S3, no spark-submit, no recordings
	$(PYTEST_BOTH) tests --ignore=tests/faults -m "not extended and not nightly"

.PHONY: test-all
test-all: setup classes .chromium ## all tests but tests/faults: `make test`, killed batch jobs, S3, spark-submit, recorded payloads, browser
	$(PYTEST_BOTH) tests --ignore=tests/faults -m "not nightly"

.PHONY: test-browser
test-browser: setup .chromium ## the dashboard in Debian's chromium: every page, by keyboard, by axe, from other origins
	$(PYTEST) tests/browser

.PHONY: test-unit
test-unit: setup ## the tests that need no JVM: a few minutes
	$(PYTEST) tests/unit

.PHONY: test-calendar
test-calendar: setup ## the unit tests on other days: 45 to 1,500 ahead, 29 February, where summer time begins and ends
	$(BIN)/python -m tests.calendar

.PHONY: test-faults
test-faults: setup classes ## fault injection: jobs, producers and brokers are killed at many points
	$(PYTEST_BOTH) tests/faults

.PHONY: test-nightly
test-nightly: test-calendar .chromium .nginx ## what takes long: other days, lakes of other days, every recorded payload, memory, Spark 4.2
	TEST_BASE_SHIFT_DAYS=400 $(PYTEST_BOTH) tests/jobs
	FULL=1 $(PYTEST) tests/e2e/test_real_recordings.py
	$(PYTEST_BOTH) tests/e2e/test_s3.py tests/e2e/test_spark_submit.py tests/unit/serving/api/test_document.py
	$(PYTEST) tests/e2e/test_memory.py tests/browser/test_proxy.py
	$(MAKE) test-matrix

MATRIX := build/matrix
MATRIX_TESTS ?= tests/spark tests/jobs
.PHONY: test-matrix
test-matrix: setup ## tests/spark and tests/jobs on Spark 4.2.0 and Delta 4.4.0, which get a .venv and jars of their own
	@echo "test-matrix: Spark 4.2.0 → $(MATRIX) (some minutes the first time)"
	@[ -e $(MATRIX)/venv ] || "$(PYTHON)" -m venv $(MATRIX)/venv
	@$(MATRIX)/venv/bin/pip install --disable-pip-version-check -q --no-deps --require-hashes -r tests/matrix/requirements.lock
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' \
	  > "$$($(MATRIX)/venv/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/all-else.pth"
	@printf '#!%s\nimport sys\nfrom cli.main import main\nsys.exit(main())\n' "$$PWD/$(MATRIX)/venv/bin/python" \
	  > $(MATRIX)/venv/bin/echostream && chmod +x $(MATRIX)/venv/bin/echostream
	@$(MVN) -P matrix dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(MATRIX)/jars/spark
	@sha256sum --quiet -c tests/matrix/jars.sha256
	PYTHONPATH="$$PWD" TEST_JARS_DIR="$$PWD/$(MATRIX)/jars" $(MATRIX)/venv/bin/python -m pytest -n 2 --no-loadscope-reorder $(MATRIX_TESTS)

.PHONY: test-compose
test-compose: setup ## docker-compose.yml on a real Docker engine, each container killed in turn (docs/run/compose.md)
	PYTHONPATH="$$PWD" nice $(BIN)/python -m tests.compose $(if $(POSTS),--posts $(POSTS))

.PHONY: test-erasure
test-erasure: setup ## a person erased while the streams run and are killed; then replay, backfill, rebuilds (docs/privacy/erasure.md)
	PYTHONPATH="$$PWD" nice $(BIN)/python -m tests.erasure $(if $(POSTS),--posts $(POSTS))

##@ Measure
.PHONY: bench
bench: setup .setup-bench ## Kafka to Gold against a copy and a naive pipeline; POSTS=500000 (docs/evidence/benchmarks.md)
	$(BIN)/python -m benchmarks.pipeline $(if $(POSTS),--posts $(POSTS))
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.serving.lake_queries
	$(BIN)/python -m benchmarks.serving.jobs

.PHONY: bench-report
bench-report: setup .setup-bench ## the figures of the last `make bench` into docs/evidence/benchmarks.md and its pictures
	$(BIN)/python -m benchmarks.pipeline.report

.PHONY: eval-sentiment
eval-sentiment: setup .setup-bench ## every offline scorer on every labelled set of ../shared: tables, picture, JSON
	$(BIN)/python -m benchmarks.eval_sentiment

.PHONY: eval-pii
eval-pii: setup .setup-bench ## how much personal data is found: made posts, ../shared/data/pii; speed against Presidio
	$(BIN)/python -m benchmarks.eval_pii

.PHONY: pictures
pictures: setup .chromium ## the pictures in docs/pictures of the dashboard and the demo, over a lake of made posts
	$(BIN)/python -m tests.browser.pictures

##@ Document
DOCS := build/docs
# Not --quiet: then mkdocs counts no warnings, and --strict has nothing to refuse.
.PHONY: docs
docs: $(DOCS)/venv/.made ## the site of docs/ in build/docs/site; warnings and broken links are errors
	NO_MKDOCS_2_WARNING=1 $(DOCS)/venv/bin/mkdocs build --strict
	@! grep -rlE '(src="?|<link [^>]*href="?)https?://' --include='*.html' $(DOCS)/site \
	  || { echo "docs: these pages load something from another host" >&2; exit 1; }
	@echo "docs: $(DOCS)/site/index.html"

.PHONY: reference
reference: setup ## docs/reference from the settings, commands, tables, reasons and event of the code
	$(BIN)/python -m tools.docs.reference

##@ Code
.PHONY: check
check: setup lint types ## ruff, ruff format, mypy --strict, import rules

.PHONY: fmt
fmt: setup ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lint
lint: setup ## ruff, ruff format, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

.PHONY: types
types: setup ## mypy --strict
	$(BIN)/mypy

##@ Tidy
.PHONY: clean
clean: ## remove .venv, jars and build output; data under ./var stays
	rm -rf .venv jars build dist .setup-venv .setup-jars .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Tests that need it are skipped, with a reason, where it cannot be installed.
.PHONY: .chromium
.chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && echo "setup: chromium, for the tests of the dashboard" && apt-get update -qq \
	  && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } \
	  || echo "setup: no chromium, so tests/browser is skipped: apt-get install chromium" >&2

.PHONY: .nginx
.nginx:
	@PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && echo "setup: nginx, for the test of the proxy" && apt-get update -qq \
	  && apt-get install -y -qq --no-install-recommends nginx-light >/dev/null; } \
	  || echo "setup: no nginx, so tests/browser/test_proxy.py is skipped: apt-get install nginx-light" >&2

.setup-venv: requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] && "$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "setup: Python 3.11 is needed (found: '$(PYTHON)'); name one with make PYTHON=…" >&2; exit 1; }
	@echo "setup: Python packages → .venv (some minutes the first time)"
	@"$(PYTHON)" -m venv .venv
	@$(BIN)/pip install --disable-pip-version-check --progress-bar off -q --require-hashes -r requirements.lock
	@$(BIN)/pip install --disable-pip-version-check -q --no-build-isolation --no-deps -e .
	@touch $@

.setup-bench: .setup-venv requirements-bench.lock
	@echo "setup: what the benchmark measures against → .venv"
	@$(BIN)/pip install --disable-pip-version-check --progress-bar off -q --require-hashes -r requirements-bench.lock
	@touch $@

# The site's own packages, so that those of the program do not decide on them.
$(DOCS)/venv/.made: requirements-docs.lock
	@echo "setup: packages of the documentation's site → $(DOCS)/venv"
	@"$(PYTHON)" -m venv --clear $(DOCS)/venv
	@$(DOCS)/venv/bin/pip install --disable-pip-version-check --progress-bar off -q --require-hashes -r requirements-docs.lock
	@touch $@

.setup-jars: pom.xml jars.sha256
	@command -v java mvn >/dev/null || { echo "setup: Java 17 and Maven are needed on PATH" >&2; exit 1; }
	@rm -rf jars
	@echo "setup: jars for Spark → jars/spark"
	@$(call COPY_JARS,spark)
	@echo "setup: jars of the Kafka broker → jars/broker"
	@$(call COPY_JARS,broker)
	@echo "setup: jars for a lake on S3, and of a local S3 server → jars/s3, jars/s3proxy"
	@$(call COPY_JARS,s3)
	@$(call COPY_JARS,s3proxy)
	@sha256sum --quiet -c jars.sha256 || { echo "setup: these jars are not the pinned ones" >&2; exit 1; }
	@touch $@

# Java takes it for what it is only beside the very jars and packages that it was made of.
jars/classes.jsa: .setup-venv .setup-jars
	@$(BIN)/python -m local.class_archive
