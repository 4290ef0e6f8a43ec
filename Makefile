# make demo and make test need Python 3.11 or newer, venv and make; everything else goes into .venv.

PYTHON ?= python3
BIN := .venv/bin
# compat: with any other editable mode, a checkout named tinytorch hides the package from a Python started beside it; setuptools
# warns that it may go one day, which those who install need not read
INSTALL := PYTHONWARNINGS='ignore:Compat editable installs' $(BIN)/python -m pip install --quiet --config-settings editable_mode=compat --editable
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help demo test test-long mutation pi-tests measure pi bench oracles book book-pdf check coverage clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: .venv/demo  ## train four networks on real data, in seconds, on NumPy alone
	$(BIN)/python -m tinytorch demo

test: .venv/dev  ## the tests (under five minutes)
	$(ONE_THREAD) $(BIN)/python -m pytest -q -ra --numprocesses auto --dist loadfile

test-long: .venv/dev  ## what takes longer: hostile classes, a learner's whole way, mutants, a sample of the planted faults (under an hour)
	$(ONE_THREAD) $(BIN)/python -m pytest -q -ra --long -m long --numprocesses auto --dist loadfile
	$(ONE_THREAD) $(BIN)/python -m tests.course.mutants
	$(ONE_THREAD) $(BIN)/python -m tests.mutation --sample 300 --seed $(shell date +%Y%m%d)

mutation: .venv/dev  ## every fault that is planted in the library, each shown to the tests until one fails (hours)
	$(ONE_THREAD) $(BIN)/python -m tests.mutation

pi-tests: .venv/dev  ## the tests of the library on three emulated machines, where the variable RPI_RUN names a runner (hours)
	$(ONE_THREAD) $(BIN)/python -m benchmarks.emulated --tests

pi: .venv/dev  ## the demo, a check and an import on an emulated Raspberry Pi, where the variable RPI_RUN names a runner
	$(ONE_THREAD) $(BIN)/python -m benchmarks.emulated --out benchmarks/results/pi.json

measure: bench .venv/book  ## the figures: speed, accuracy over five seeds, import time, memory, the course, the book; results go to benchmarks/results
	$(ONE_THREAD) $(BIN)/python -m benchmarks.measure
	$(ONE_THREAD) $(BIN)/python -m benchmarks.course --clone --json benchmarks/results/course.json
	$(ONE_THREAD) $(BIN)/python -m benchmarks.book --json benchmarks/results/book.json

bench: .venv/oracles  ## training steps side by side with PyTorch and with NumPy by hand
	$(ONE_THREAD) $(BIN)/python -m benchmarks --json benchmarks/results/speed.json

book: .venv/book  ## the book, as pages for a browser: book/_build/html/index.html
	$(ONE_THREAD) $(BIN)/python -m sphinx -q -W --keep-going -j 2 -d book/_build/doctrees -b html book book/_build/html
	@echo "The book is in book/_build/html/index.html"

book-pdf: .venv/book  ## the book as one PDF, printed by Chromium: book/_build/tinytorch.pdf
	$(ONE_THREAD) $(BIN)/python -m sphinx -q -W --keep-going -j 2 -d book/_build/doctrees -b singlehtml book book/_build/singlehtml
	$(BIN)/python book/print.py book/_build/singlehtml/index.html book/_build/tinytorch.pdf

oracles: .venv/oracles  ## install what the tests compare with (PyTorch, scikit-learn, SciPy, mnist1d), and all that is optional

check: .venv/dev  ## what a commit must pass: lint, format, types, the rules of the house (under two minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(ONE_THREAD) $(BIN)/python -m pytest -q -p no:cacheprovider tests/test_house.py tests/test_contributing.py tests/test_metadata.py

OUTSIDE := tinytorch/cli/*,tinytorch/course/*,tinytorch/experiments/*,tinytorch/grading/*

coverage: .venv/dev  ## the lines and branches that tests reach: 97 % of the library, 90 % of the rest, or it fails (ten minutes)
	$(ONE_THREAD) $(BIN)/python -m pytest -q --cov --cov-report= --numprocesses auto --dist loadfile
	@rm -f .coverage.*  # the halves that were left by processes which tests had killed
	$(BIN)/python -m coverage report --skip-covered --omit '$(OUTSIDE)' --fail-under 97
	$(BIN)/python -m coverage report --skip-covered --include '$(OUTSIDE)' --fail-under 90

.venv/pip: 
	@$(PYTHON) -c 'import sys; sys.exit("%s is Python %d.%d, and tinytorch needs 3.11 or newer: make PYTHON=python3.11 ..." % (sys.executable, *sys.version_info[:2]) if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

.venv/demo: .venv/pip setup.cfg
	$(INSTALL) .
	@touch $@

.venv/dev: .venv/pip setup.cfg
	$(INSTALL) '.[dev]'
	@touch $@

.venv/oracles: .venv/dev setup.cfg
	$(INSTALL) '.[dev,oracles,book,cluster,notebook,plots]'
	@touch $@

.venv/book: .venv/pip setup.cfg
	$(INSTALL) '.[book]'
	@touch $@

clean:  ## remove what was installed and cached
	rm -rf .venv book/_build build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
