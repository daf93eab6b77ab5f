# Every target calls `setup` when it must. PYTHON chooses the interpreter (3.11 or later).
PYTHON ?= python3
BIN := .venv/bin
QUIET := --quiet --disable-pip-version-check
# What takes minutes shows what it is at.
SHOWN := --disable-pip-version-check --progress-bar on
# Hundreds of tests start Python again: without compiled files each compiles the package anew.
export PYTHONDONTWRITEBYTECODE :=
UV := .venv-lock/bin/uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11

.PHONY: setup site guardrails dist demo test differential mutation check format lock audit generate screenshots clean

setup: .venv/.installed .venv-aws/.installed
	@echo "Set up: see it at work with \`make demo\`, or run the tests with \`make test\`."

.venv/.installed: requirements.txt requirements-toolkit.txt requirements-dev.txt pyproject.toml
	@echo "Installing what crossaccount needs into .venv/: a few minutes the first time, never again until it changes."
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install $(SHOWN) --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install $(QUIET) --no-deps --no-build-isolation --editable .
	# The folder `components` has that name in a checkout alone; programs elsewhere on this machine may use it.
	$(BIN)/python -c 'import os, sysconfig; \
		print(os.getcwd(), file=open(os.path.join(sysconfig.get_path("purelib"), "checkout.pth"), "w"))'
	touch $@

# The AWS CLI, which the tests of the hand-off use; nothing else needs it.
.venv-aws/.installed: requirements-aws.txt
	@echo "Installing the AWS CLI into .venv-aws/, for the tests of the hand-off: about a minute, once."
	test -x .venv-aws/bin/python || $(PYTHON) -m venv .venv-aws
	.venv-aws/bin/python -m pip install $(QUIET) --require-hashes -r requirements-aws.txt
	touch $@

# The archives that are published, and the first hour with the wheel in an empty environment.
dist: setup
	rm -rf build dist
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null)} $(BIN)/python -m build --no-isolation >/dev/null
	rm -rf build
	.ci/first-hour dist/*.whl $(PYTHON)

demo: setup
	$(BIN)/crossaccount demo

test: setup
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist worksteal

# The policy pack's environment of its own, for `pulumi preview --policy-pack guardrails` and its tests on the engine.
guardrails: guardrails/.venv/.installed

guardrails/.venv/.installed: guardrails/requirements.txt requirements.txt pyproject.toml
	test -x guardrails/.venv/bin/python || $(PYTHON) -m venv guardrails/.venv
	cd guardrails && .venv/bin/python -m pip install $(QUIET) -r requirements.txt
	touch $@

# 2,000 calls on random estates, tried and judged; CROSSACCOUNT_SEED repeats a run.
differential: setup
	CROSSACCOUNT_PAIRS=2000 $(BIN)/python -m pytest -s tests/differential

# Mutants of the evaluator, on a copy of the tree: see tests/mutation/README.md. MUTANTS picks some.
mutation: setup .venv-mutation/.installed
	rm -rf build/mutation && mkdir -p build/mutation
	cp -r crossaccount tests benchmarks pyproject.toml tests/mutation/setup.cfg tests/mutation/fresh_caches.py build/mutation
	cd build/mutation && ../../.venv-mutation/bin/mutmut run --max-children 2 $(MUTANTS)
	cd build/mutation && ../../.venv-mutation/bin/mutmut results

# mutmut beside the packages of .venv.
.venv-mutation/.installed: requirements-mutation.txt .venv/.installed
	test -x .venv-mutation/bin/python || $(PYTHON) -m venv .venv-mutation
	.venv-mutation/bin/python -m pip install $(QUIET) --require-hashes -r requirements-mutation.txt
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' \
		> `.venv-mutation/bin/python -c 'import site; print(site.getsitepackages()[0])'`/project.pth
	touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Pins and hashes of everything that is installed; versions that are pinned already stay.
lock: .venv-lock/bin/uv
	$(UV) pyproject.toml --extra build --extra local --extra dask --extra dev --output-file requirements-dev.txt
	$(UV) pyproject.toml --extra build --extra local --constraint requirements-dev.txt \
		--output-file crossaccount/start/requirements-locked.txt
	$(UV) --no-deps requirements-aws.txt --output-file requirements-aws.txt
	$(UV:3.11=3.11.5) --no-deps requirements-site.txt --output-file requirements-site.txt
	$(UV) --no-deps requirements-mutation.txt --output-file requirements-mutation.txt

.venv-lock/bin/uv:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install $(QUIET) uv==0.13.9

# Known vulnerabilities of what is pinned. Needs the advisories that pip-audit asks for.
audit: .venv-audit/bin/pip-audit
	.venv-audit/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off \
		-r requirements-dev.txt -r requirements-site.txt -r requirements-aws.txt -r requirements-mutation.txt

.venv-audit/bin/pip-audit:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install $(QUIET) pip-audit==2.10.1

# Every file that is made from the code: the reference, the findings, the JSON schemas.
generate: setup
	$(BIN)/python -m docs.generator

# The docs as a site with search, in build/site/html; a link that leads nowhere is an error.
site: .venv-site/.installed
	NO_MKDOCS_2_WARNING=1 .venv-site/bin/python docs/site/build.py

.venv-site/.installed: requirements-site.txt
	test -x .venv-site/bin/python || $(PYTHON) -m venv .venv-site
	.venv-site/bin/python -m pip install $(QUIET) --require-hashes -r requirements-site.txt
	touch $@

# Needs Debian's chromium and chromium-driver.
screenshots: setup
	SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/report/test_page.py -k screenshots

clean:
	rm -rf guardrails/.venv package/.venv .venv-site .venv .venv-aws .venv-mutation .venv-lock .venv-audit build dist *.egg-info
