# make setup | lab | demo | test -- for Windows the README writes out what each one runs.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
NOTEBOOK := notebooks/00-start-here.ipynb
TORCH := torch>=2.9,<2.14
CPU_INDEX := https://download.pytorch.org/whl/cpu

.PHONY: setup lab demo test check unit lessons pictures clean

setup: $(STAMP)

# The lab needs no GPU, and PyPI's torch for Linux brings gigabytes of CUDA with it. So
# without an NVIDIA driver the CPU build is taken where it can be reached; where only
# PyPI can, its build works as well and is merely large.
$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	@if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then \
	    if ! $(BIN)/python -c 'import torch' 2>/dev/null; then \
	        echo "torch: trying the CPU build first"; \
	        $(BIN)/pip install -q --retries 0 --timeout 15 --index-url $(CPU_INDEX) \
	            '$(TORCH)' 2>/dev/null || echo "torch: taking PyPI's build"; \
	    fi; \
	fi
	$(BIN)/pip install -q -e '.[test]'
	@touch $(STAMP)

lab: setup
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) \
	    $(if $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname -s)),,--no-browser) \
	    --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/$(NOTEBOOK) \
	    $(LAB_OPTIONS)

demo: setup
	@$(BIN)/python -m lab_utils demo

test: setup check unit lessons

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: setup
	$(BIN)/pytest

lessons: setup
	$(BIN)/pytest --nbmake --nbmake-timeout=60 notebooks

# The README's screenshots, from a real run in JupyterLab.
pictures: setup
	$(BIN)/python -m tests.browser.pictures

clean:
	rm -rf .venv .artifacts
