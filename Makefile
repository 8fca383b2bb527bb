# Makefile: thin front door; the work is done by cmake, ctest and pytest.
BUILD ?= build
.PHONY: build test
build:
	cmake -S . -B $(BUILD) -DLRT_WERROR=ON
	cmake --build $(BUILD) -j
test: build
	ctest --test-dir $(BUILD) --output-on-failure
