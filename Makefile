# From a bare checkout: each target makes .venv, installs what it needs and no more, once, and again when pyproject.toml changes.
#
#   make demo    the main job on the practice site, in this terminal
#   make lab     JupyterLab on the notebooks
#   make test    all tests (as root on Debian with real Postfix, Dovecot, PostgreSQL, Spark, Chromium …)   ARGS="-k words" to choose
#   make check   style, types, the import contract, stripped notebooks
#   make bench   beside the peers that can be installed
#   make clean   remove everything made here
#
# Needs Python 3.11 or newer; PYTHON=/path/to/python names one. Works with any make from GNU 3.81 on.

.PHONY: demo lab test check bench clean packages-test packages-bench ruff format mypy imports notebooks
.NOTPARALLEL:

BIN = .venv/bin
PIP = $(BIN)/python -m pip
CHECKED = mailkit tests benchmarks notebooks

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1
export PIP_ROOT_USER_ACTION = ignore

demo: .venv/.demo
	$(BIN)/mailkit demo

lab: .venv/.lab
	$(BIN)/mailkit lab

test: packages-test .venv/.test
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: ruff format mypy imports notebooks

ruff: .venv/.test
	$(BIN)/ruff check $(CHECKED)

format: .venv/.test
	$(BIN)/ruff format --check $(CHECKED)

mypy: .venv/.test
	$(BIN)/mypy

imports: .venv/.test
	$(BIN)/lint-imports

notebooks: .venv/.test
	$(BIN)/nbstripout --verify notebooks/*.ipynb

bench: packages-bench .venv/.test
	$(BIN)/python benchmarks/run.py $(ARGS)

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A stamp is written when its step has succeeded.

packages-test:
	@sh .ci/packages chromium fonts-dejavu-core postfix dovecot-core dovecot-imapd knot unbound sasl2-bin libsasl2-modules postgresql openjdk-17-jre-headless
	@sh .ci/exim

packages-bench:
	@sh .ci/packages postfix openssl swaks libnet-ssleay-perl gnutls-bin pflogsumm

.venv/.made:
	@sh .ci/environment
	$(PIP) install -q --upgrade "pip>=25.1"
	@touch $@

.venv/.demo: .venv/.made pyproject.toml
	$(PIP) install -q -e .
	@touch $@

.venv/.lab: .venv/.made pyproject.toml
	$(PIP) install -q -e ".[lab]"
	@touch $@

.venv/.test: .venv/.made pyproject.toml
	$(PIP) install -q -e ".[app,history,keyring,ntlm,oauth,postgres]" --group test --group check
	@touch $@
