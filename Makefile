# Thin: each target is one line. The work is done in portal/ops, by Python 3.11 or newer.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
ARGS ?=
SET_UP := "$(PYTHON)" portal/ops/bootstrap.py
SCRATCH := $(SET_UP) dev -- -m portal.ops.launcher exec -- python

.DEFAULT_GOAL := help
.PHONY: help run test check bench chaos shots lock

help: ## Say what make can do
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-7s %s\n", $$1, $$2}'

run: ## Set up and start everything with the demo story (PORT=8000)
	@exec $(SET_UP) run -- -m portal.ops.launcher run

test: ## Run every test this machine can run (ARGS="tests/claims -k offer")
	@exec $(SCRATCH) -m pytest --ds=portal.settings.test -n auto --dist worksteal $(ARGS)

check: ## What CI runs: format, lint, types, contracts, migrations, templates, words, then test
	@exec $(SCRATCH) -m portal.ops.checks

bench: ## Measure naive, ours and limit side by side
	@exec $(SCRATCH) -m bench $(ARGS)

chaos: ## Kill real processes and compare the ledgers
	@exec $(SET_UP) dev -- -m tests.chaos $(ARGS)

shots: ## Photograph every page into var/shots
	@exec $(SET_UP) dev -- -m tests.browser.shots $(ARGS)

lock: ## Write the hashed locks anew from pyproject.toml
	@exec $(SET_UP) dev -- -m portal.ops.locking
