# Each target is one command that a developer or CI runs; `make check` is all of them.
PYTHON ?= python

.PHONY: check format lint types imports test coverage docs site bench accept kernel

check: lint types imports coverage

format:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	zizmor --offline --quiet .

types:
	$(PYTHON) -m mypy

imports:
	lint-imports

# A file stays with one worker: what it makes for its tests is made once.
test:
	$(PYTHON) -m pytest -n auto --dist loadfile

# The tests again, with what they miss listed; fails below `fail_under` of setup.cfg. On GitHub the
# table stands on the page of the run as well.
coverage:
	$(PYTHON) -m pytest -n auto --dist loadfile --cov --cov-report=term-missing \
		$(if $(GITHUB_STEP_SUMMARY),--cov-report=markdown-append:$(GITHUB_STEP_SUMMARY))

docs:
	$(PYTHON) docs/write_reference.py

# The documentation as a site, in build/site; a link that leads nowhere is an error.
site:
	$(PYTHON) -m sphinx -W --keep-going -q -c docs -b html . build/site

# After a change of the C files: an installation for development holds what was built at its time.
kernel:
	$(PYTHON) setup.py build_ext --inplace

bench:
	$(PYTHON) benchmarks/speed.py

accept:
	$(PYTHON) -m pytest tests/reports --accept
