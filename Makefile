# Each target is one command that a developer or CI runs; `make check` is all of them.
PYTHON ?= python

.PHONY: check format lint types imports test coverage docs bench accept

check: lint types imports test

format:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy

imports:
	lint-imports

# A file stays with one worker: what it makes for its tests is made once.
test:
	$(PYTHON) -m pytest -n auto --dist loadfile

# Which lines and branches the tests reach, those in processes that they start aside.
coverage:
	$(PYTHON) -m pytest -n auto --dist loadfile --cov=compatkit --cov-report=term-missing:skip-covered

docs:
	$(PYTHON) docs/write_reference.py

bench:
	$(PYTHON) benchmarks/speed.py

accept:
	$(PYTHON) -m pytest tests/reports --accept
