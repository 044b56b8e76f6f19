# make run    the documented experiment, in Keras and in JAX
# make test   all tests          make check   style, types, format
# make setup  the environment    make lock    the lock file, anew
# make lessons    the lessons as a site, build/lessons/index.html, with notebooks
# make peers  PyTorch and scikit-learn besides, to compare with
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# Each file in one of three processes, as tests of kills and clusters often wait, in the order
# of tests/conftest.py: the longest come early.
PYTEST := $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: run test test-fast check format setup peers lessons lock

run: $(READY)
	$(BIN)/twins run

test: $(READY)
	$(PYTEST)

# Without the tests that train for long or start many processes.
test-fast: $(READY)
	$(PYTEST) -m "not slow"

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(READY)

# PyTorch and scikit-learn, for `twins speed`, `--impl torch` and their tests; they are not
# in the lock file, since each platform has a PyTorch of its own.
peers: $(READY)
	$(BIN)/pip install --quiet --editable '.[peers]'

# Every lesson is run; a lesson whose evidence does not hold fails the build by name. Beside its
# notebooks lies a wheel of this project, for those who take them elsewhere.
lessons: $(READY)
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/sphinx-build --fail-on-warning --fresh-env --jobs auto \
	    --quiet --doctree-dir build/doctrees lessons build/lessons
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build/lessons/_sources .

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(READY)

# One version of each package for every Python; hashes, no addresses.
lock:
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	    --extra dev --extra cluster --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-header --no-annotate --output-file requirements.lock pyproject.toml
