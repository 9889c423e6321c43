# Every target sets up what it needs; `make demo` and `make test` are all a newcomer has to know.
SHELL := /bin/bash
PY := .venv/bin/python
SCREEN := scripts/with-screen
# Each worker has servers of its own. Half of a test is waiting for them, so that two
# cores serve three.
WORKERS ?= 3
# A file is one worker's, for its fixtures; in the order of names few long ones come last.
SHARING := --dist loadfile --no-loadscope-reorder
# The tests start some hundred Pythons; without these files each compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup labdata-env pose-peers-env demo test gui docs shots bench check wheel ci clean

setup:            ## environment in .venv, Qt/GL libraries where apt and rights allow
	@scripts/setup

labdata-env:      ## labdata itself in .venv-labdata, for the tests that run it beside us
	@scripts/labdata-env

pose-peers-env: setup  ## napari-deeplabcut and sleap-io in .venv-pose-peers, which read what we export
	@scripts/pose-peers-env

demo: setup       ## napari on the demo lab; without a display: demo.png from a virtual one
	@scripts/demo

test: setup       ## everything, on PyQt6; the user stories on PyQt5 first
	QT_API=pyqt5 PYTEST_QT_API=pyqt5 $(SCREEN) $(PY) -m pytest -q -n $(WORKERS) $(SHARING) -m "not alone and not one_qt" tests/gui tests/test_manifest.py tests/widgets/test_question.py
	QT_API=pyqt6 $(SCREEN) $(PY) -m pytest -n $(WORKERS) $(SHARING) -m "not alone"
	QT_API=pyqt6 $(SCREEN) $(PY) -m pytest -m alone $$(grep -rl --include="test_*.py" "mark\.alone" tests)

gui: setup        ## only the user stories in a real window
	QT_API=pyqt6 $(SCREEN) $(PY) -m pytest -q tests/gui

docs: setup       ## the site, into site/
	uv=$$(scripts/find-uv) && $$uv pip install -q --python $(PY) --group docs && $(PY) -m mkdocs build --strict -q

shots: setup      ## every picture in docs/ and the README, from the demo lab
	QT_API=pyqt6 $(SCREEN) $(PY) scripts/shots.py

bench: setup      ## speed against named peers, as ratios
	QT_API=pyqt6 $(SCREEN) $(PY) -m pytest -q benchmarks --benchmark-only --benchmark-columns=min,median,max,rounds --disable-warnings

check: setup      ## lint and types
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy

wheel: setup      ## build it, install it without Qt in an empty environment, use it
	$(PY) scripts/check_wheel.py

ci: setup
	$(MAKE) --no-print-directory -j2 --output-sync=target check wheel
	$(MAKE) --no-print-directory test

clean:
	rm -rf .venv .venv-labdata .venv-pose-peers .uv build dist site demo.png
