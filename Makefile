# Makefile: thin front door; the work is done by cmake, ctest, pytest and the scripts in tools/.
# SPDX-License-Identifier: Apache-2.0
BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=
export CMAKE_GENERATOR ?= Ninja
PYTHON = $$(tools/setup.sh venv)/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo build test test-full bench docs lint install clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: build ## fetch a real model and a photograph, run one on the other, write a picture
	@$(PYTHON) tools/demo.py $(BUILD)

build: ## install what is missing, compile the library and the command into build/
	@tools/setup.sh build
	cmake -S . -B $(BUILD) $(CMAKE_FLAGS)
	cmake --build $(BUILD) -j $(JOBS) --target product

test: ## install what is missing, build, run the C and Python tests
	@tools/setup.sh test
	cmake -S . -B $(BUILD) $(CMAKE_FLAGS)
	cmake --build $(BUILD) -j $(JOBS)
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)
	@tools/pytest.sh $(BUILD)

test-full: ## everything: all builds, sanitizers, compilers and architectures without sampling
	@.ci/run --full

bench: build ## compare speed, memory and load time with ai-edge-litert on real models
	@tools/setup.sh bench
	@$(PYTHON) bench/compare.py $(BUILD)

docs: build ## write the table of operators, build/docs/operators.md
	cmake --build $(BUILD) --target operators

lint: ## check the rules of the house, and the format where clang-format 14 is installed
	@tools/lint.py
	@tools/format.sh --check

install: build ## install below PREFIX (default /usr/local)
	cmake --install $(BUILD) --prefix $(PREFIX)

clean: ## remove build/
	cmake -E rm -rf $(BUILD)
