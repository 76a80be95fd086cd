# make demo and make test set up everything that they need; the rest is for those who work on the workflow.
PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)

.PHONY: demo test test-slow check format docs lock clean help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: .venv/ready  ## run the embedded example to results/report/report.html
	@python -m compileall -q scripts  # start-up is paid by every job
	snakemake --cores all

test: .venv/ready  ## all checks and tests but the slow ones (15 minutes at most on 2 cores)
	$(MAKE) --no-print-directory check
	python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: .venv/ready  ## whole runs, reruns, faults, fuzzing, a SLURM cluster, environments (30 minutes at most)
	python -m pytest -n 2 --dist loadfile -m slow

check: .venv/ready  ## formatter, linters, type checker
	ruff format --check scripts tests benchmarks
	ruff check scripts tests benchmarks
	snakefmt --check Snakefile rules
	mypy
	snakemake --lint

format: .venv/ready  ## rewrite in the house style
	ruff format scripts tests benchmarks
	ruff check --fix scripts tests benchmarks
	snakefmt Snakefile rules

docs: .venv/ready  ## write the reference pages in docs/reference anew
	python scripts/write_reference.py

lock: .venv/ready  ## resolve requirements.lock anew from the ranges in pyproject.toml
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-header --no-annotate -q -o requirements.lock

.venv/ready: requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements.lock
	touch $@

clean:  ## remove what runs made (results, logs, private, the example's raw files)
	rm -rf results logs private data/example .snakemake
