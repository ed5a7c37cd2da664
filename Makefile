# Two targets matter to a newcomer: `make demo` tells the story, `make test` proves it.
# Each does all the set-up by itself, in .venv, on a machine with Python 3.11 or later.
PYTHON ?= python3
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test quick lint bench published county soak bench-streaming bench-answers bench-against bench-answers-postgres clean

demo: .venv/run
	@.venv/bin/rollbook --home demo-data demo

# Three at once on two cores: one waits for a broker, a server or a process of its own much of the time. What Python
# compiled is kept (also where the environment says otherwise): hundreds of processes start in a run.
PYTHON_KEEPS = env -u PYTHONDONTWRITEBYTECODE .venv/bin/python
PYTEST = $(PYTHON_KEEPS) -m pytest
ABREAST ?= 3
PYTEST_ABREAST = $(PYTEST) -n $(ABREAST) --dist loadscope --no-loadscope-reorder

# Style and types are looked at beside the tests: what they find is said, and fails, as well.
test: .venv/dev
	@$(MAKE) --no-print-directory lint & lint=$$!; \
	$(PYTEST_ABREAST); code=$$?; \
	wait $$lint || { echo "Style, types or the arrows between the rooms are not right: make lint says where."; exit 1; }; \
	exit $$code

# What a change touches, in less than a minute: style, types, and the tests that stand on the files changed since main.
quick: .venv/dev
	@$(PYTHON_KEEPS) -m tests.quick

lint: .venv/dev
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/mypy
	@said=$$(.venv/bin/lint-imports 2>&1) || { echo "$$said"; exit 1; }

# Hartlepool 2024/25 whole: 4.5 million marks in, the published percentages out.
published: .venv/run
	@.venv/bin/python -m tests.benchmarks.published

# Six hundred places and two hundred thousand pupils for a week; all that is planted in it is found again.
county: .venv/dev
	@.venv/bin/python -m tests.benchmarks.county

bench: .venv/dev
	@.venv/bin/python -m tests.benchmarks.run

# Registers through a real broker: from a backlog, and at a steady rate.
bench-streaming: .venv/dev
	@.venv/bin/python -m tests.benchmarks.streaming

# Answers from nothing, kept up and asked: Cambridgeshire's secondary schools, 12 million marks. For Kent's 75 million:
# make bench-answers WHAT="--authority 886 --phase all"
bench-answers: .venv/dev
	@.venv/bin/python -m tests.benchmarks.answers $(WHAT)

# The answers as they stand and as a revision had them, over the same facts in one run: make bench-against REV=main~1
bench-against: .venv/dev
	@.venv/bin/python -m tests.benchmarks.against $(REV) $(WHAT)

# Answers from nothing, kept up and asked, on a real PostgreSQL of its own.
bench-answers-postgres: .venv/dev
	@.venv/bin/python -m tests.benchmarks.answers_postgres $(WHAT)

# The long forms: every property test with twenty times as many examples, the facts of every scenario read in windows,
# two hundred rounds of kills, freezes and broken brokers, a hundred thousand mutated messages; then two hundred batches,
# after each of which PostgreSQL's answers are those of DuckDB and of a rebuild.
soak: .venv/dev
	@ROLLBOOK_EXAMPLES_TIMES=20 $(PYTEST_ABREAST) -m hypothesis
	@ROLLBOOK_EXAMPLES_TIMES=20 $(PYTEST_ABREAST) -m 'not hypothesis' tests/scenarios
	@.venv/bin/python -m tests.soak
	@.venv/bin/python -m tests.fuzz
	@ROLLBOOK_SOAK=1 .venv/bin/python -m pytest -q tests/projections/test_postgres_batches.py

.venv/python: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Rollbook needs Python 3.11 or later; say which with: make PYTHON=/path/to/python3.11 ..."; exit 2; }
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/run: .venv/python pyproject.toml constraints.txt
	@$(PIP) -e .
	@touch $@

.venv/dev: .venv/run
	@$(PIP) -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv demo-data rollbook-data
