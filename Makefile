# make song   a song from one sentence, here and now:  make song ABOUT="a slow waltz about the sea"
# make serve  the API and the page, at http://127.0.0.1:8000/
# make test   what a change can break;   make test-all   the long ones too: twice the time
# make check  format, lint and types;    make bench   what a song costs here
# make check-images  whether each image of a deployment can be built: its packages resolved, every one pinned
# make test-faults  whatever makes songs is killed 1,200 times, and networks break: an hour
# make test-endurance  a day in fast motion, 2,200 songs: memory, descriptors, threads and files stay as they are
# make test-hostile  the service attacked in every way we know, and the table of it in docs/operations.md
# make test-soak  more of the same than in test-all: twice the songs listened to, a thousand plans, more fuzzing
# make test-pythons  whether Linux, macOS and Windows have wheels of all that an installation needs, Python 3.11 to 3.14
# make test-instructions  MusicGen's loops in every set of instructions that this processor has, compiled anew
# make test-audiocraft  our MusicGen against AudioCraft, in an environment of its own: 6 GB, some minutes at first
# make test-cuda  the engines with CUDA's wheels and a driver that is played: 5 GB in an environment of their own
# make gpu-check  every engine at real size on this machine's CUDA card, in ten minutes, without a network
# make gpu-wheels  the packages that a bare GPU machine lacks for it, to be carried along in build/gpu-wheels

PYTHON ?= python3
PYTHON311 ?= python3.11
VENV := .venv
AUDIOCRAFT := .venv-audiocraft
CUDA := .venv-cuda
SUPABASE := integrations/supabase
TYPESCRIPT := clients/typescript
BIN := $(VENV)/bin
ABOUT ?= a dreamy synthwave song with a female vocal about neon rain
export ABOUT
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_CONSTRAINT := constraints.txt

# Three tests on two cores: many wait for a server, a bucket or a timer.
WORKERS ?= $$($(BIN)/python -c 'import os; print(os.cpu_count() * 3 // 2)')
# The containers of Modal, and what is killed. A broken network beside them takes minutes longer: it is tested alone.
WAITING := tests/modal tests/service/test_kills.py

FFMPEG := libavformat libavcodec libavdevice libavutil libavfilter libswscale libswresample

.DEFAULT_GOAL := help
.PHONY: help song serve test test-all test-instructions test-pythons test-audiocraft test-cuda test-faults test-endurance test-hostile test-soak \
	browser deno typescript compiler postgres check check-images gpu-check gpu-wheels bench picture clean

help:
	@sed -n 's/^# //p' Makefile

song: $(VENV)/.song
	@$(BIN)/songwright make "$$ABOUT"

serve: $(VENV)/.song
	@exec $(BIN)/songwright serve

test: WHICH := and not long
test test-all: $(VENV)/.dev browser deno typescript compiler postgres
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not alone $(WHICH)" --durations=20
	@# Those whose processes mostly wait for each other beside each other.
	$(BIN)/python -m pytest -m "alone $(WHICH)" -n $(WORKERS) --dist loadfile \
		$$(grep -rl --include='test_*.py' mark.alone $(WAITING))
	$(BIN)/python -m pytest -m "alone $(WHICH)" \
		$$(grep -rl --include='test_*.py' --exclude-dir=modal mark.alone tests | grep -vxF "$$(printf '%s\n' $(WAITING))")

#: What some tests need beyond Python: (what, which tests, Debian packages).
installed = if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing $(1) for $(2) (once, about a minute) ..."; \
		{ apt-get -qq update && apt-get -qq install --yes --no-install-recommends $(3); } >/dev/null || \
			echo "It could not be installed: skipping $(2)"; \
	else \
		echo "Skipping $(2), for want of $(1) (apt install $(3))"; \
	fi

browser:
	@command -v chromium >/dev/null || { $(call installed,Chromium,the tests of the page,chromium); }

compiler:
	@command -v gcc >/dev/null || command -v cc >/dev/null || \
		{ $(call installed,a C compiler,the test of clocks,gcc libc6-dev); }

postgres:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		{ $(call installed,PostgreSQL,the tests of the edge function's quota,postgresql); }

deno: $(SUPABASE)/node_modules/.installed

typescript: $(TYPESCRIPT)/node_modules/.installed

test-instructions: $(VENV)/.dev
	SONGWRIGHT_TEST_INSTRUCTIONS=1 $(BIN)/python -m pytest tests/music/test_instructions.py

test-soak: $(VENV)/.dev
	SONGWRIGHT_TEST_SOAK=1 $(BIN)/python -m pytest tests/ear tests/listening tests/page \
		$$(grep -rlE 'SOAK|soak_after' --include='test_*.py' tests)

test-pythons: $(VENV)/.dev
	SONGWRIGHT_TEST_PYTHONS=1 $(BIN)/python -m pytest tests/config/test_platforms.py

test-audiocraft: $(VENV)/.dev $(AUDIOCRAFT)/.installed
	$(AUDIOCRAFT)/bin/python -m pytest -m audiocraft tests/music/test_audiocraft.py

test-cuda: $(CUDA)/.installed
	$(CUDA)/bin/python -m pytest tests/cuda

test-faults: $(VENV)/.dev
	SONGWRIGHT_TEST_SONGS=204 SONGWRIGHT_TEST_KILLS=850 SONGWRIGHT_TEST_CONTAINER_KILLS=150 $(BIN)/python -m pytest \
		tests/service/test_kills.py tests/service/test_faults.py tests/modal/test_faults.py tests/modal/test_kills.py

test-endurance: $(VENV)/.dev
	SONGWRIGHT_TEST_DAY=1 $(BIN)/python -m pytest -s tests/service/test_endurance.py

test-hostile: $(VENV)/.dev
	$(BIN)/python -m tests.hostile

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check-images: $(VENV)/.dev
	$(BIN)/python -m tests.modal.resolve

bench: $(VENV)/.dev
	$(BIN)/songwright bench $(if $(AGAINST),--against $(AGAINST))
	$(BIN)/python -m tests.bench.musicgen

picture: $(VENV)/.dev browser
	$(BIN)/python -m docs.picture

gpu-check:
	@$(PYTHON) -m tests.gpu_check $(GPU_CHECK)

gpu-wheels:
	@PIP_CONSTRAINT= $(PYTHON) -m tests.gpu_check.carried

clean:
	rm -rf $(VENV) $(AUDIOCRAFT) $(CUDA) $(SUPABASE)/node_modules $(TYPESCRIPT)/node_modules build *.egg-info clients/python/build \
		clients/python/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.song: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up Songwright in $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml clients/python/pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up Songwright and its tests in $(VENV) (once, about two minutes) ..."
	@$(BIN)/python -m pip install --quiet --editable clients/python --editable '.[dev]'
	@touch $@ $(VENV)/.song

$(SUPABASE)/node_modules/.installed: $(SUPABASE)/package.json
	@if command -v npm >/dev/null; then \
		echo "Installing Deno for the tests of what is written in TypeScript (once, 100 MB) ..."; \
		npm install --prefix $(SUPABASE) --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null && \
			touch $@ || echo "It could not be installed: these tests will be skipped"; \
	else \
		echo "The tests of what is written in TypeScript will be skipped: they need Node.js and npm"; \
	fi

$(TYPESCRIPT)/node_modules/.installed: $(TYPESCRIPT)/package.json
	@if command -v npm >/dev/null; then \
		echo "Installing TypeScript for the test of the client that is generated (once, 50 MB) ..."; \
		npm install --prefix $(TYPESCRIPT) --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null && \
			touch $@ || echo "It could not be installed: this test will be skipped"; \
	else \
		echo "The test of the client in TypeScript will be skipped: it needs Node.js and npm"; \
	fi

$(AUDIOCRAFT)/.installed: export PIP_CONSTRAINT := constraints-audiocraft.txt
$(AUDIOCRAFT)/.installed: pyproject.toml constraints-audiocraft.txt | $(AUDIOCRAFT)/bin/python
	@pkg-config --exists $(FFMPEG) 2>/dev/null || \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing the headers that PyAV is built with (once, about a minute) ..."; \
			{ apt-get -qq update && \
				apt-get -qq install --yes --no-install-recommends gcc pkg-config $(FFMPEG:=-dev); } >/dev/null; \
		else \
			echo "AudioCraft's PyAV is built here: apt install gcc pkg-config $(FFMPEG:=-dev)"; exit 1; \
		fi
	@echo "Setting up AudioCraft in $(AUDIOCRAFT) (once, about five minutes and 6 GB) ..."
	@$(AUDIOCRAFT)/bin/python -m pip install --quiet --editable '.[audiocraft]' pytest
	@touch $@

$(AUDIOCRAFT)/bin/python:
	@command -v $(PYTHON311) >/dev/null || \
		{ echo "AudioCraft's torch needs Python 3.11: make test-audiocraft PYTHON311=/path/to/python3.11"; exit 1; }
	@$(PYTHON311) -m venv $(AUDIOCRAFT) || \
		{ rm -rf $(AUDIOCRAFT); echo "Python's venv module is missing: on Debian and Ubuntu, apt install python3-venv"; exit 1; }

$(CUDA)/.installed: pyproject.toml constraints.txt
	@command -v gcc >/dev/null || { echo "The driver is built here: apt install gcc"; exit 1; }
	@$(PYTHON) -m venv $(CUDA) || \
		{ rm -rf $(CUDA); echo "Python's venv module is missing: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
	@echo "Setting up CUDA's wheels in $(CUDA) (once, about five minutes and 5 GB) ..."
	@# Three "=": no build with a name of its own ("2.13.0+cpu") will do, wherever pip finds one.
	@$(CUDA)/bin/python -m pip install --quiet --editable '.[models,modal,r2]' \
		"torch===$$(sed -n 's/^torch==//p' constraints.txt)" pytest
	@$(CUDA)/bin/python -c 'import sys, torch; sys.exit(torch.version.cuda is None)' || \
		{ echo "The torch in $(CUDA) has no CUDA: its wheel for Linux x86-64 has"; exit 1; }
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Songwright needs Python 3.11 or newer: make song PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python's venv module is missing: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
