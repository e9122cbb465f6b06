# make song   a song from one sentence, here and now:  make song ABOUT="a slow waltz about the sea"
# make serve  the API and the page, at http://127.0.0.1:8000/
# make test   every test;   make check   format, lint and types;   make bench   what a song costs here

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ABOUT ?= a dreamy synthwave song with a female vocal about neon rain
export ABOUT
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_CONSTRAINT := constraints.txt

.DEFAULT_GOAL := help
.PHONY: help song serve test browser check bench picture clean

help:
	@sed -n 's/^# //p' Makefile

song: $(VENV)/.song
	@$(BIN)/songwright make "$$ABOUT"

serve: $(VENV)/.song
	@exec $(BIN)/songwright serve

test: $(VENV)/.dev browser
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not alone"
	$(BIN)/python -m pytest -m alone

browser:
	@command -v chromium >/dev/null || \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing Chromium for the tests of the page (once, about a minute) ..."; \
			{ apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium; } >/dev/null || \
				echo "It could not be installed: the tests of the page will be skipped"; \
		else \
			echo "The tests of the page will be skipped: they need Chromium (apt install chromium)"; \
		fi

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.song
	$(BIN)/songwright bench

picture: $(VENV)/.dev browser
	$(BIN)/python -m docs.picture

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.song: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up Songwright in $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up Songwright and its tests in $(VENV) (once, about two minutes) ..."
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.song

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Songwright needs Python 3.11 or newer: make song PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python's venv module is missing: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
