# The whole workflow. The active virtual environment is used if there is one, else .venv is made.
.PHONY: study test test-slow test-plugin notebooks test-browser test-ray test-vision test-mergekit lint format docs site site-check bench gpu test-minimum dist

VIRTUAL_ENV ?= $(CURDIR)/.venv
PYTHON := $(VIRTUAL_ENV)/bin/python
BIN := $(VIRTUAL_ENV)/bin
MARK := $(VIRTUAL_ENV)/.globscope

$(PYTHON):
	python3 -m venv $(VIRTUAL_ENV)

# Versions that were tested together: a fresh machine gets the same numbers as the docs.
$(MARK)-%: $(PYTHON) pyproject.toml constraints.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$*]"
	touch $@

study: $(MARK)-test       ## the main job: seven training runs, three maps, a report
	$(BIN)/globscope study specs/digits-mlp.toml

# Kept byte code, whatever the surroundings say: else every worker compiles all tests, with their asserts, each time.
test test-slow: export PYTHONDONTWRITEBYTECODE :=

test: $(MARK)-test        ## the fast tests
	$(PYTHON) -m pytest --numprocesses auto --dist worksteal

test-slow: $(MARK)-test   ## the tests that compute for minutes
	$(PYTHON) -m pytest -m slow --ignore tests/test_fuzz.py # those of Ray are skipped where it is missing
	$(PYTHON) -m pytest -m slow tests/test_fuzz.py # it forks, for which a process must have computed nothing

notebooks: $(MARK)-test $(MARK)-site ## the notebooks of the documentation, each from the first cell to the last: one minute
	EXECUTED_NOTEBOOKS=runs/notebooks $(PYTHON) -m pytest -m slow tests/test_notebooks.py --numprocesses auto

test-plugin: $(MARK)-test ## new packages, from a wheel to a study in an environment of their own: one minute; test-slow has all roles
	$(PYTHON) -m pytest -m slow tests/scaffold/test_transcript.py -k "wheel or tutorial or reducer or analysis or sampler or pool" --numprocesses auto --dist worksteal

# Libraries of that time meet warnings of today's Python packages, which are no faults of GlobScope.
test-minimum: ## the fast tests with the lowest versions of all dependencies, on Python 3.11, in an environment of their own
	python3.11 -m venv .venv-minimum
	.venv-minimum/bin/python -m pip install --quiet --constraint constraints-min.txt --editable ".[test]"
	.venv-minimum/bin/python -m pytest --numprocesses auto --override-ini filterwarnings=default --disable-warnings

test-browser: $(MARK)-test $(MARK)-browser ## explorer, report and site in Chromium, which has to be there: some minutes
	$(PYTHON) -m pytest -m browser --numprocesses auto --dist loadscope

test-ray: $(MARK)-test    ## the tests of plugins/globscope-ray on a cluster of two machines on the loopback: two minutes
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "ray[client]"
	$(PYTHON) -m pytest -m slow plugins/globscope-ray

test-vision: $(MARK)-test $(MARK)-vision ## models of timm and torchvision, which must fit the torch that is there
	$(PYTHON) -m pytest tests/builtin/tasks/test_library_models.py

test-mergekit: $(MARK)-test $(MARK)-mergekit ## merging by the recipes of mergekit
	$(PYTHON) -m pytest tests/builtin/analyses/test_mergekit.py

lint: $(MARK)-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell globscope plugins tests docs specs benchmarks .github *.md *.cff *.py
	$(BIN)/validate-pyproject pyproject.toml plugins/*/pyproject.toml

format: $(MARK)-lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(MARK)-test        ## the pages that are written from the code
	$(PYTHON) docs/generate.py
	$(PYTHON) docs/python_reference.py

# Notebooks are stored without outputs; the site shows those of copies, which are executed once: here or by their tests.
runs/notebooks/%.ipynb: docs/notebooks/%.ipynb | $(MARK)-test $(MARK)-site
	mkdir -p $(@D)
	cp $< $@
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 PYTHONPATH=$(CURDIR) $(PYTHON) -m nbconvert --log-level WARN --to notebook --execute --inplace $@ || { rm $@; exit 1; }

site: $(MARK)-site $(patsubst docs/%,runs/%,$(wildcard docs/notebooks/*.ipynb)) ## the documentation as a site, in site/; nothing is fetched
	$(PYTHON) -m mkdocs build
	@echo "open site/index.html, or, with search: $(PYTHON) -m http.server --directory site"

site-check: $(MARK)-test $(MARK)-browser $(MARK)-site ## every page of it in Chromium
	$(PYTHON) -m pytest -m browser tests/test_site.py

dist: $(MARK)-test $(MARK)-lint ## wheels and sdists of GlobScope and its plugins, checked as a package index checks them
	rm -rf dist
	for project in . plugins/*/; do $(PYTHON) -m build --no-isolation --outdir dist $$project || exit 1; done
	$(BIN)/twine check --strict dist/*

bench: $(MARK)-test
	for file in benchmarks/bench_*.py; do $(PYTHON) $$file || exit 1; done

gpu: $(MARK)-test         ## a first look at the GPU of this machine: eight minutes
	$(PYTHON) benchmarks/gpu_first_look.py
