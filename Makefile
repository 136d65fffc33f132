# The chores of triton_runner; `make` alone lists them. What a chore needs it makes first: the environment in .venv, then
# the extension. Stamps in .venv/stamps remember what is done, so a second run goes straight to the chore.
#
#   PYTHON=python3.12   the interpreter to make .venv from          CXX=g++   the compiler
#   FUZZ_SECONDS=600    how long each fuzz target runs              JOBS=2    parallel compilations
#   BENCH=matmul        the benchmark to run                        BENCH_ARGS=--quick    its options
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
CXX ?= g++
JOBS ?= $(shell nproc)
# More workers than this wait for each other, and each holds a torch.
TEST_JOBS = $(shell echo $$(($(JOBS) < 8 ? $(JOBS) : 8)))
FUZZ_SECONDS ?= 600
BENCH ?= launch_latency
BENCH_ARGS ?=
TRITON ?=
MATRIX_ARGS ?=
export CXX
export MAX_JOBS ?= $(JOBS)

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
ENVIRONMENT := $(STAMPS)/environment-$(subst /,_,$(PYTHON))
REQUIREMENTS := $(STAMPS)/requirements
EXTENSION := $(STAMPS)/extension
LINTERS := $(STAMPS)/linters
CHARTS := $(STAMPS)/charts
MATRIX := $(STAMPS)/matrix
EXTENSION_SOURCES := setup.py pyproject.toml $(shell find csrc -name '*.cc' -o -name '*.h' -o -name '*.inc')
CPP_FILES = $(shell find csrc tests benchmark -name '*.cc' -o -name '*.h')
GPU := $(wildcard /dev/nvidia[0-9]*)
say = @echo; echo "== $(1)"

.PHONY: help demo test test-matrix artifacts test-cpp test-python exhaustive gpu-test amd-test lint format bench docs fuzz sanitize clean extension

help:
	@echo "make demo      one matmul compiled to every level and launched from each of them, against torch.matmul"
	@echo "make test      C++ and Python tests (those that need a GPU too, where there is one)"
	@echo "make exhaustive  the sweeps that are too long for every run"
	@echo "make test-matrix  each Triton from 3.0 to 3.9 against itself and torch; TRITON=\"3.0.0 3.9.0\" chooses, MATRIX_ARGS=--full"
	@echo "make gpu-test  only the tests that need an NVIDIA GPU"
	@echo "make amd-test  only the tests that need an AMD GPU (docs/amd.md)"
	@echo "make lint      clang-format, clang-tidy, ruff, mypy, layering"
	@echo "make format    rewrites C++ and Python files in the project's style"
	@echo "make bench     benchmark/BENCH (launch_latency, matmul, flash_attention): a table, JSON and a chart in build/bench"
	@echo "make docs      writes the generated pages of docs/ anew"
	@echo "make sanitize  the C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer"
	@echo "make fuzz      each libFuzzer target for FUZZ_SECONDS=$(FUZZ_SECONDS) seconds (needs clang)"
	@echo "make clean     removes what was built; .venv stays (make clean-all takes it too)"

# ---- what the chores stand on ----

$(ENVIRONMENT):
	$(call say,Making $(VENV))
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing. Debian: apt-get install python3"; exit 1; }
	@$(PYTHON) tools/environment.py create $(VENV)
	@touch $@

$(REQUIREMENTS): requirements/test.txt requirements/amd.txt $(ENVIRONMENT)
	$(call say,Installing what the demo and the tests need)
	@$(BIN)/python tools/environment.py install $<
	@$(BIN)/python tools/environment.py try requirements/amd.txt "reading AMD code objects"
	@touch $@

$(LINTERS): requirements/lint.txt $(REQUIREMENTS)
	$(call say,Installing the linters)
	@$(BIN)/python tools/environment.py install $<
	@touch $@

$(EXTENSION): $(EXTENSION_SOURCES) $(REQUIREMENTS)
	$(call say,Building the extension with $(MAX_JOBS) jobs (some minutes the first time))
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(CHARTS): requirements/bench.txt $(REQUIREMENTS)
	$(call say,Installing what draws charts)
	@$(BIN)/python tools/environment.py install $<
	@touch $@

$(MATRIX): requirements/matrix.txt $(REQUIREMENTS)
	$(call say,Installing what runs one Triton after another)
	@$(BIN)/python tools/environment.py install $<
	@touch $@

extension: $(EXTENSION)

# ---- the chores ----

demo: $(EXTENSION)
	$(call say,One matmul from every level)
	@$(BIN)/python examples/quickstart.py

test: test-cpp test-python

test-cpp: $(ENVIRONMENT)
	$(call say,C++ tests)
	@$(MAKE) --no-print-directory -j$(JOBS) -C tests/csrc

test-python: $(EXTENSION) test-cpp
	$(call say,Python tests$(if $(GPU), and GPU tests))
	@$(BIN)/python -m pytest -n $(TEST_JOBS) tests/python
	$(if $(GPU),@$(BIN)/python -m pytest tests/gpu)

test-matrix: $(EXTENSION) $(MATRIX)
	$(call say,Each Triton against itself and torch)
	@TRITON="$(TRITON)" $(BIN)/python -m nox -- $(MATRIX_ARGS)

artifacts: $(EXTENSION) $(MATRIX)
	$(call say,The artifacts of tests/gpu for each Triton)
	@TRITON="$(TRITON)" $(BIN)/python -m nox -s artifacts

exhaustive: $(EXTENSION)
	$(call say,Sweeps that are too long for every run)
	@$(BIN)/python -m pytest -n $(TEST_JOBS) -m exhaustive tests/python

gpu-test: $(EXTENSION)
	$(call say,GPU tests)
	@test -n "$(GPU)" || { echo "no NVIDIA GPU here: there is no /dev/nvidia0"; exit 1; }
	@$(BIN)/python -m pytest tests/gpu

amd-test: $(EXTENSION)
	$(call say,AMD tests)
	@test -e /dev/kfd || { echo "no AMD GPU here: there is no /dev/kfd"; exit 1; }
	@$(BIN)/python -c 'import sys, torch; torch.version.hip or sys.exit(f"torch {torch.__version__} is no ROCm build")'
	@$(BIN)/python -m pytest -q tests/amd

lint: $(EXTENSION) $(LINTERS)
	$(call say,clang-format)
	@$(BIN)/clang-format --dry-run -Werror $(CPP_FILES)
	$(call say,ruff)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	$(call say,mypy)
	@$(BIN)/mypy --no-error-summary
	$(call say,layering)
	@$(BIN)/python -m pytest -q tests/python/test_layering.py
	$(call say,clang-tidy)
	@$(BIN)/python tools/tidy.py --jobs $(JOBS)
	$(call say,files over 300 lines (for the reviewer; no gate))
	@find csrc triton_runner tests tools examples benchmark -name '*.cc' -o -name '*.h' -o -name '*.py' | xargs wc -l \
	  | awk '$$2 != "total" && $$1 > 300'
	@echo "lint: clean"

format: $(LINTERS)
	$(call say,Formatting)
	@$(BIN)/clang-format -i $(CPP_FILES)
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: $(EXTENSION) $(CHARTS)
	$(call say,benchmark/$(BENCH))
	@$(BIN)/python benchmark/$(BENCH)/bench.py $(BENCH_ARGS)

docs:
	$(call say,Generated pages of docs/)
	@$(PYTHON) tools/generate_docs.py

sanitize: $(ENVIRONMENT)
	$(call say,C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer)
	@$(MAKE) --no-print-directory -j$(JOBS) -C tests/csrc SANITIZE=1

fuzz:
	$(call say,Fuzzing each target for $(FUZZ_SECONDS) s)
	@$(MAKE) --no-print-directory -j$(JOBS) -C tests/fuzz SECONDS=$(FUZZ_SECONDS)

clean:
	$(call say,Removing what was built)
	rm -rf build *.egg-info triton_runner/*.so $(EXTENSION)

clean-all: clean
	rm -rf $(VENV) .deps
