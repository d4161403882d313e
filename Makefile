# Each target installs what it needs into this folder. You need make, Python 3.11 or newer and Node.js
# 22 or newer. `make` alone lists the targets.

# --- Settings: make TARGET NAME=value -------------------------------------------------------------
# `make help` shows the lines that begin with "#:".

#: STAGE          the stage of run, up, diff, bootstrap, deploy and destroy (dev)
STAGE ?= dev
#: PORT           run, up: the port of the embedded AWS (4566)
#: AUTHORIZATION  run, up, openapi, client: api-key, cognito or iam instead of the stage's own
#: DEBUG          run, up: the function that stops at breakpoints (docs/local-run.md)
#: YES=1          deploy, destroy: do not ask
#: IMPORT=1       deploy: adopt the log groups that an earlier stack of the same name has left
#: BASE           compare: the checkout to compare with
#: NAME, DIR      new: the name and the folder of the copy
#: ENTITY         new, entity: the name of the entity; PLURAL if it is not ENTITY with an s
#: REGION         new: the region of the copy
#: PYTHON         setup: the Python that creates .venv (the first one that is new enough)
PYTHON ?=
#: WORKERS        test, e2e: the number of test processes (4, since some mostly wait)
WORKERS ?= 4
#: FUZZ_SECONDS   fuzz: the duration (600)
FUZZ_SECONDS ?= 600

# The local run reads these, and STAGE if it is given.
export PORT AUTHORIZATION DEBUG
export PATH := $(CURDIR)/.venv/bin:$(PATH)
unexport VIRTUAL_ENV
# Images of containers set it, and each Python process would compile all modules that it imports.
unexport PYTHONDONTWRITEBYTECODE

CDK := node_modules/.bin/cdk
PY := .venv/bin/python
STAGES = $(shell $(PY) -c "from infra.spec.stages import STAGES; print(*STAGES)")
STACK = $(or $(shell $(PY) -c "from infra.spec.stages import STAGES; print(STAGES['$(STAGE)'].stack)" 2>&- \
	),$(error there is no stage $(STAGE); choose one of: $(STAGES)))
CODE := app.py $(wildcard infra functions layers/common/python local ops tools bench tests)

.DEFAULT_GOAL := help
.PHONY: help setup run up logs down test pytest unit infra e2e nightly fuzz bench lint audit format lock schemas openapi diagram documents client new entity synth diff compare base bootstrap deploy destroy clean

help: ## Show this list
	@if [ -t 1 ]; then on='\033[36m' off='\033[0m'; fi; \
	awk -F ':.*## ' -v on="$$on" -v off="$$off" \
		'/^[a-z0-9]+:.*## / {printf "  %smake %-10s%s %s\n", on, $$1, off, $$2}' Makefile
	@printf '\n  Settings, as in make up PORT=4800, and the targets that read them:\n'
	@sed -n 's/^#: /  /p' Makefile

setup: .venv/.complete node_modules/.complete ## Install everything into this folder

# --- The local run --------------------------------------------------------------------------------

run: setup ## Run the service here, deploy what you save, follow the log; Ctrl-C stops it
	@$(PY) -m local run

up: setup ## Run the service in the background; again: deploy changes, keep the data
	@$(PY) -m local up

logs: setup ## Follow the log of the service that `make up` has started
	@$(PY) -m local logs

down: setup ## Stop the local run and delete its data
	@$(PY) -m local down

# --- Tests and checks -----------------------------------------------------------------------------

test: setup .build/chromium/.complete ## Run all tests and checks
	@$(MAKE) --no-print-directory --jobs=2 pytest lint

# In a new clone, each worker would compile all modules.
pytest:
	@[ -e tests/__pycache__ ] || $(PY) -m pytest --quiet --collect-only >/dev/null
	@$(PY) -m pytest --numprocesses=$(WORKERS)

unit: setup ## Run the tests of functions, layer and commands: half a minute
	@$(PY) -m pytest tests/unit tests/dependencies

infra: setup ## Run the tests of the templates and the built layer: two minutes
	@$(PY) -m pytest tests/infra

e2e: setup .build/chromium/.complete ## Run the tests against the deployed service, and in a browser
	@$(PY) -m pytest --numprocesses=$(WORKERS) tests/local tests/lifecycle tests/browser

nightly: setup ## Run the tests that take too long for `make test`
	@$(PY) -m pytest -m nightly

fuzz: setup ## Test with random requests for FUZZ_SECONDS
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(PY) -m pytest --hypothesis-profile=fuzz \
		tests/unit/functions/test_hostile_events.py tests/infra/api/test_models.py tests/local/api/test_fuzz.py \
		tests/local/api/test_listing.py tests/local/failures/test_random_faults.py tests/dependencies \
		tests/histories/test_histories.py tests/histories/test_state_machine.py

bench: setup ## Measure the speed against that of peers, for docs/benchmarks.md: five minutes
	@$(PY) -m bench

# These linters print something even if they find nothing, so their output is held back.
QUIETLY = report=$$($(1) 2>&1) || { echo "$$report"; exit 1; }

# `npm ci` checks the package-lock.json files itself when `make setup` and `make test` install them.
lint: setup ## Check style, types, imports, uv.lock, documents and workflows
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --quiet --check
	@.venv/bin/mypy --no-error-summary $(CODE)
	@$(call QUIETLY,.venv/bin/lint-imports --no-logo --no-cache)
	@sh tools/uv_lock.sh check
	@.venv/bin/uv --quiet lock --check || { echo 'Run `make lock`.' >&2; exit 1; }
	@$(PY) -m tools.check_docs
	@$(call QUIETLY,.venv/bin/zizmor --offline --quiet --no-progress .github)
	@.venv/bin/cfn-lint .github/deploy-role.yaml
	@echo 'Style, types, imports, uv.lock, documents and workflows are fine.'

audit: setup ## Look up the locked packages' known vulnerabilities; needs the network
	@.venv/bin/uv audit --preview-features audit-command --frozen
	@npm audit
	@npm audit --prefix tests/browser

format: setup ## Format the code, and report what is left
	@.venv/bin/ruff check --quiet --fix-only
	@.venv/bin/ruff format --quiet
	@.venv/bin/ruff check --quiet

# Not after setup, which would install what the old files say.
lock: ## Update the lock files after a change of the dependencies or of the name
	@[ -x .venv/bin/uv ] || sh tools/install.sh python
	@sh tools/uv_lock.sh write
	@npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error

# --- Generated files ------------------------------------------------------------------------------

schemas: setup ## Generate the validators from the JSON Schemas
	@$(PY) -m tools.compile_schemas

openapi: setup ## Generate docs/openapi.json, or with AUTHORIZATION its variant in .build/
	@$(PY) -m tools.openapi $(AUTHORIZATION)

diagram: synth ## Draw docs/architecture.svg from the templates
	@$(PY) -m tools.architecture cdk.out

documents: schemas openapi diagram ## Regenerate everything that is generated from the code
	@$(PY) -m tools.cost cdk.out
	@$(PY) -m tools.statuses
	@$(PY) -m tests.support.permissions.page
	@$(PY) -m tools.capacity cdk.out
	@$(PY) -m tools.partitions
	@$(PY) -m tools.data_lock cdk.out

new: setup ## Write a copy named NAME, with ENTITY in place of this service's entities, to DIR
	@$(PY) -m tools.new_service service --name '$(NAME)' --entity '$(ENTITY)' $(if $(PLURAL),--plural '$(PLURAL)') \
		$(if $(REGION),--region '$(REGION)') $(if $(DIR),--dir '$(DIR)')

entity: setup ## Add ENTITY beside the entities of this service
	@$(PY) -m tools.new_service entity --entity '$(ENTITY)' $(if $(PLURAL),--plural '$(PLURAL)')

client: openapi ## Generate a typed Python client in .build/client
	@$(PY) -m uv --quiet run --isolated --frozen --only-group client \
		openapi-python-client generate --path $(if $(filter-out api-key,$(AUTHORIZATION)),.build/openapi.$(AUTHORIZATION),docs/openapi).json \
		--output-path .build/client --overwrite

# --- Deployment -----------------------------------------------------------------------------------

synth: setup ## Write the CloudFormation templates of all stages to cdk.out/
	@for stage in $(STAGES); do \
		$(CDK) synth --quiet -c stage=$$stage --output cdk.out/$$stage && \
		ls cdk.out/$$stage/*.template.json || exit 1; \
	done

# For commands that do not send the template: validating it takes as long as the rest of a synthesis.
UNVALIDATED = CDK_VALIDATION=false

diff: setup ## Show what `make deploy` would change in STAGE on AWS
	@$(CDK) diff -c stage=$(STAGE) --output cdk.out/$(STAGE) $(STACK)

compare: base synth ## Compare the templates with those of another checkout: BASE=../main
	@for stage in $(STAGES); do \
		$(CDK) diff --app cdk.out/$$stage --method template \
			--template "$(BASE)"/cdk.out/$$stage/*.template.json 2>&1 || exit 1; \
	done

base:
	@[ -d "$(BASE)/cdk.out" ] || { echo 'Set BASE to a checkout in which `make synth` was run:' \
		'make compare BASE=../main' >&2; exit 1; }

bootstrap: setup ## Prepare your AWS account for the CDK, once
	@$(UNVALIDATED) $(CDK) bootstrap -c stage=$(STAGE) --output cdk.out/$(STAGE)

# `npx cdk deploy` works, too, but lacks these steps: see tools/deploy_steps.py.
STEP = $(PY) -m tools.deploy_steps

deploy: setup ## Deploy STAGE to AWS with your credentials
	@$(STEP) before $(STACK)
	@$(CDK) deploy $(if $(YES),--require-approval never) $(if $(IMPORT),--import-existing-resources) \
		-c stage=$(STAGE) --output cdk.out/$(STAGE) --outputs-file cdk.out/$(STACK).outputs.json
	@$(STEP) after $(STACK)
	@echo "The stack's outputs are in cdk.out/$(STACK).outputs.json."

EMPTY_BUCKETS = $(PY) -m tools.empty_buckets
DESTROY = $(UNVALIDATED) $(CDK) destroy --force -c stage=$(STAGE) --output cdk.out/$(STAGE)

# The service writes logs until its functions are gone, so the buckets may need emptying twice.
destroy: setup ## Delete STAGE from AWS, with all data that it does not retain
	@$(STEP) before $(STACK)
	@$(EMPTY_BUCKETS) $(if $(YES),--yes) $(STACK)
	@$(DESTROY) || { $(EMPTY_BUCKETS) --yes $(STACK) && $(DESTROY); }

# --- Installation ---------------------------------------------------------------------------------

# Each rule creates its .complete file last, so that an interrupted installation is resumed.
.venv/.complete: uv.lock pyproject.toml
	@sh tools/uv_lock.sh check
	@PYTHON='$(PYTHON)' sh tools/install.sh python
	@touch $@

node_modules/.complete: package-lock.json package.json
	@sh tools/install.sh node
	@touch $@

.build/chromium/.complete: tests/browser/package-lock.json tests/browser/package.json
	@sh tools/install.sh browser
	@mkdir -p $(@D) && touch $@

clean: ## Remove everything that was installed or built
	@if [ -x $(PY) ]; then $(PY) -m local down; fi
	@rm -rf .venv node_modules cdk.out .build .local .mypy_cache .pytest_cache .ruff_cache .hypothesis
