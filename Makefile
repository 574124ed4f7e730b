# The short words. Each needs only what tools/setup installs; `make help` lists them.

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 600
PYTHON := .venv/bin/python

.DEFAULT_GOAL := build
.PHONY: build test features guides check abi sanitize tidy fuzz fuzz-shm bench soak kill-test rogues conformance examples fmt install deb clean help

# A preset is configured once, and again when the presets change; CMake's own files ninja notices itself.
build/build.ninja: CMakePresets.json
	cmake --preset dev
	@touch $@
build/%/build.ninja: CMakePresets.json
	cmake --preset $*
	@touch $@

build: build/build.ninja ## the program, its workers and its plugins, into build/
	cmake --build build --parallel $(JOBS)

test: build ## unit and behaviour tests
	$(PYTHON) tools/run-tests

features: build ## which promises of the guides hold, row by row; ROWS=M- or M-26,K-07..K-13
	$(PYTHON) tools/features --rows '$(ROWS)'

guides: build ## which samples of the guides run, one by one; GUIDE=mimir or SAMPLE=MC-04,MC-16
	$(PYTHON) tools/guides --guide '$(GUIDE)' --sample '$(SAMPLE)'

check: tools-for-check abi sanitize tidy fuzz ## everything that looks for trouble: the contract, sanitizers, clang-tidy, fuzzing

.PHONY: tools-for-check
tools-for-check:
	tools/setup --check

sanitize: build/asan/build.ninja build/tsan/build.ninja ## unit tests under address, undefined and thread sanitizers
	cmake --build build/asan --parallel $(JOBS)
	ASAN_OPTIONS=allocator_may_return_null=1 $(PYTHON) tools/run-tests --only ctest --build build/asan
	cmake --build build/tsan --parallel $(JOBS)
	TSAN_OPTIONS=allocator_may_return_null=1:suppressions=$(CURDIR)/tools/tsan-suppressions.txt \
	    $(PYTHON) tools/run-tests --only ctest --build build/tsan

abi: ## the native contract against the one that was promised
	tools/abi/check

tidy: build ## clang-tidy over our sources
	run-clang-tidy-16 -quiet -p build -j $(JOBS) -extra-arg=-Wno-unknown-warning-option \
	    '$(CURDIR)/(src|plugins|sdk|tests)/.*\.cc$$'

fuzz: build/fuzz/build.ninja ## every fuzz target for FUZZ_SECONDS
	cmake --build build/fuzz --parallel $(JOBS) --target fuzzers
	tools/fuzz-smoke $(FUZZ_SECONDS)

N ?= 10000000
fuzz-shm: build/asan/build.ninja ## N messages read while their writer scribbles over ring and arenas, under the address sanitizer
	cmake --build build/asan --parallel $(JOBS) --target fuzz_shm
	ASAN_OPTIONS=allocator_may_return_null=1 build/asan/bin/tests/fuzz_shm $(N) $(or $(SEED),1)

bench: build/release/build.ninja ## measures against floors taken in the same run
	cmake --build build/release --parallel $(JOBS)
	bench/run

soak: build/release/build.ninja ## KILLS of workers under load, then of server and workers through 200 runs; without KILLS a load of SOAK_SECONDS
	cmake --build build/release --parallel $(JOBS)
ifdef KILLS
	MORTISE_BUILD=$(CURDIR)/build/release KILLS=$(KILLS) SEED=$(or $(SEED),1) $(PYTHON) -m pytest -s -q tests/soak/crash_test.py \
	    tests/soak/kill_test.py
else
	MORTISE_BUILD=$(CURDIR)/build/release SOAK_SECONDS=$(SOAK_SECONDS) \
	    $(PYTHON) -m pytest -o timeout=$$(($(SOAK_SECONDS) * 2)) tests/soak/soak_test.py
endif

kill-test: build ## install, update, rollback and uninstall of packages, the server killed at every durable write (CHANGE=update, EVERY=5)
	CHANGE='$(CHANGE)' EVERY=$(EVERY) JOBS=$(JOBS) $(PYTHON) -m pytest -s -q tests/soak/cut_test.py

rogues: build ## every attack on the sandbox, at every level and against each layer alone (ONLY=text, LEVELS=root,user,bare)
	$(PYTHON) tests/rogues/escapes/run.py build/escapes --host build/bin/mortise --program build/bin/mortise --only '$(ONLY)' $(if $(LEVELS),--levels $(LEVELS))

conformance: build ## every case of the SDKs through the host: five languages, confined and not, by socket and by ring
	@for language in c native python r go; do for sandbox in auto off; do for transport in socket ring; do \
	    printf '%-7s sandbox %-5s %-7s ' $$language $$sandbox $$transport; \
	    build/bin/tests/conformance_host --where $$language --sandbox $$sandbox --transport $$transport >build/conformance.out || \
	        { cat build/conformance.out; exit 1; }; tail -1 build/conformance.out; done; done; done

examples: build ## the numbers of the example plugins against scipy and R, ROUNDS (10) times a thousand random inputs
	EXAMPLE_ROUNDS=$(or $(ROUNDS),10) $(PYTHON) -m pytest -q -o timeout=1800 tests/plugins/examples_test.py

fmt: ## lays out every C and C++ source
	git ls-files '*.h' '*.hpp' '*.c' '*.cc' | xargs -r clang-format-16 -i

PREFIX ?= /usr/local
install: ## the release build into DESTDIR and PREFIX (/usr/local)
	cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	cmake --build build/release --parallel $(JOBS)
	DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX)

deb: ## a Debian package of the release build, into build/
	cmake --preset release -DMORTISE_SYSTEM_FILES=ON -DCMAKE_INSTALL_PREFIX=/usr
	cmake --build build/release --parallel $(JOBS)
	cd build/release && cpack -G DEB -B $(CURDIR)/build

clean: ## forgets what was built (ccache remembers)
	rm -rf build

help:
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12
