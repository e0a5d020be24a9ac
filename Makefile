# Every verb is a line over `python -m ...`, so that a machine without make can type it too (see README.md).
PYTHON ?= python3
RUN = .venv/bin/python -m
# The operator's verbs act on the local Restock while one is running (make up), else on the deployed one, which asks.
OPERATE = $(shell $(RUN) local.running_stack)
AGREED = $(if $(value YES),--yes)
SETUP = @$(PYTHON) -m local.setup
# What a person types here is data: neither make nor the shell finds anything to expand or run in it.
override ID := $(value ID)
override VERSION := $(value VERSION)
override DATA := $(value DATA)
override ACCOUNT := $(value ACCOUNT)
override SHOP := $(value SHOP)
export ID VERSION DATA ACCOUNT SHOP
OF_SHOP = $${SHOP:+--shop="$$SHOP"}

.DEFAULT_GOAL := help
.PHONY: help setup demo chain test test-deploy simulate fuzz up load sweep emulators plan deploy status rollback pin unpin free-lease \
        retrain rebuild forget erase rollback-code rotate teardown cost stage bench bench-quick bench-serving accuracy lock lock-emulator clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup:  ## install every environment (once; the other verbs do it by themselves)
	$(SETUP)

demo: setup  ## the whole loop on local emulators, as a story of under a minute
	@$(RUN) local demo

chain: setup  ## a chain's night on local emulators: 50 shops, two tasks, one of them killed
	@$(RUN) local chain

test: setup  ## lint, types and every test
	@$(RUN) local test

up: setup  ## keep everything running locally; the forecast answers on port 5057 (a chain: RESTOCK_CHAIN=true make up)
	@$(RUN) local up

load: setup  ## put a sample shop's last 180 days into the running stack (make up)
	@$(RUN) local load

sweep: setup  ## a night of the running chain, now
	@$(RUN) local sweep

emulators: setup  ## the same three functions under the Firebase CLI's emulators
	@$(RUN) local emulators

status: setup  ## how far the threshold is, the lease, the last runs, the live version
	@$(RUN) $(OPERATE) status $(OF_SHOP)

rollback: setup  ## make VERSION=n live again
	@$(RUN) $(OPERATE) rollback $(AGREED) $(OF_SHOP) $${VERSION:+-- "$$VERSION"}

pin: setup  ## keep the live version until unpinned
	@$(RUN) $(OPERATE) pin $(AGREED) $(OF_SHOP)

forget: setup  ## delete one appointment's usage now: ID=appointment
	@$(RUN) $(OPERATE) forget $(AGREED) $(OF_SHOP) $${ID:+-- "$$ID"}

erase: setup  ## forget one appointment and delete every older copy that names it: ID=appointment
	@$(RUN) $(OPERATE) erase $(AGREED) $(OF_SHOP) $${ID:+-- "$$ID"}

unpin: setup  ## let retrains publish again
	@$(RUN) $(OPERATE) unpin $(AGREED) $(OF_SHOP)

free-lease: setup  ## end the lease of a run that died
	@$(RUN) $(OPERATE) free-lease $(AGREED) $(OF_SHOP)

retrain: setup  ## ask for a retrain, through the queue
	@$(RUN) $(OPERATE) retrain $(AGREED) $(OF_SHOP)

rebuild: setup  ## ask for a retrain that re-reads every appointment
	@$(RUN) $(OPERATE) rebuild $(AGREED) $(OF_SHOP)

plan: setup  ## what a deploy would change, and why, in a screen
	@$(RUN) infra plan

deploy: setup  ## make Google Cloud what infra/settings.toml says (shows what changes, asks)
	@$(RUN) infra deploy

rollback-code: setup  ## serve the code before the newest again, in seconds (asks)
	@$(RUN) infra rollback-code $(AGREED)

rotate: setup  ## put a new service account in the place of a misused one: ACCOUNT=tasks (asks)
	@$(RUN) infra rotate $(AGREED) $${ACCOUNT:+-- "$$ACCOUNT"}

teardown: setup  ## remove what deploy made (asks; keeps data unless told)
	@$(RUN) infra teardown

stage: setup  ## fill build/<function>/ with what a deploy uploads
	@$(RUN) infra stage

cost: setup  ## what a month costs, idle and busy, for three sizes, and a chain's night
	@$(RUN) infra cost

test-deploy: setup  ## the deploy refused at every single step, then finished (eight minutes; make test refuses a few of the steps)
	@EVERY_FAILURE=1 $(RUN) pytest tests/infra/test_interrupted.py

simulate: setup  ## forty times as many random histories of crashes and overlaps, with fresh seeds
	@$(RUN) tests.simulation --histories 20000 --seed fresh

fuzz: setup  ## coverage-guided fuzzing of the decoders for a minute (needs atheris in .venv)
	@$(RUN) tests.hostile.fuzz --seconds 60

bench: setup  ## measure counting, retraining and serving, side by side with what they are compared to
	@$(RUN) bench

bench-quick: setup  ## the same in five minutes
	@$(RUN) bench --quick

bench-serving: setup  ## the serving rows alone
	@$(RUN) bench.serving

accuracy: setup  ## score the forecasts on the data sets in DATA=folder (default: a generated shop)
	@$(RUN) bench.accuracy $${DATA:+-- "$$DATA"}

lock: setup  ## refresh all pins from the requirements.in files, uv's own too
	@$(RUN) local.lock

lock-emulator: setup  ## pin the Firestore emulator that the Firebase CLI of package.json names
	@$(RUN) local.emulator_jar

clean:  ## remove environments and everything generated
	rm -rf .venv functions/*/venv .local build .pytest_cache .mypy_cache .ruff_cache node_modules
