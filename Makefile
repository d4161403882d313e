# Job Ledger. Everything below installs what it needs by itself: Python 3.11 or newer,
# Node.js 20 or newer and make are all that has to be there. `make` alone explains the rest.

STAGE ?= dev
STACK := JobLedger-$(STAGE)
PYTHON ?=
# One more than the cores of a small machine: some tests wait most of their time.
WORKERS ?= 3
FUZZ_SECONDS ?= 600

export PORT AUTHORIZATION
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Node 20 works, and is no longer maintained; the tools say so at every start.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export NODE_NO_WARNINGS := 1
unexport VIRTUAL_ENV

CDK := node_modules/.bin/cdk
PY := .venv/bin/python
STAGES = $(shell $(PY) -c "from infra.spec.stages import STAGES; print(*STAGES)")
CODE := app.py $(wildcard infra functions layers/common/python local ops tools bench tests)

.DEFAULT_GOAL := help
.PHONY: help setup run up down test pytest fuzz bench lint schemas openapi diagram documents client format synth diff deploy destroy clean

help: ## Show this list
	@if [ -t 1 ]; then on='\033[36m' off='\033[0m'; fi; \
	awk -F ':.*## ' -v on="$$on" -v off="$$off" \
		'/^[a-z]+:.*## / {printf "  %smake %-8s%s %s\n", on, $$1, off, $$2}' Makefile
	@printf '\n  Settings: STAGE=%s, PORT=%s (of the local run)\n' '$(STAGE)' '$(or $(PORT),4566)'

setup: .venv/.complete node_modules/.complete ## Install everything into this folder

run: setup ## Run the whole service on this machine, and follow its log until Ctrl-C
	@$(PY) -m local run

up: setup ## The same in the background; again, to deploy what has changed
	@$(PY) -m local up

down: setup ## Stop what run or up has started
	@$(PY) -m local down

test: setup .build/chromium/.complete ## Check the code and run all tests
	@$(MAKE) --no-print-directory --jobs=2 pytest lint

# At the same time as lint, whose types take one core for half a minute.
pytest:
	@$(PY) -m pytest --numprocesses=$(WORKERS)

fuzz: setup ## Send generated requests for FUZZ_SECONDS, other ones each time
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(PY) -m pytest --hypothesis-profile=fuzz \
		tests/unit/functions/test_hostile_events.py tests/infra/api/test_models.py tests/local/api/test_fuzz.py

bench: setup ## Measure the service against its peers, in some minutes
	@$(PY) -m bench

lint: setup ## Check style, types, dependencies, documents and workflows
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --quiet --check
	@.venv/bin/mypy --no-error-summary $(CODE)
	@report=$$(.venv/bin/lint-imports --no-logo --no-cache) || { echo "$$report"; exit 1; }
	@$(PY) -m ops.dependencies
	@$(PY) -m tools.check_docs
	@found=$$(.venv/bin/zizmor --offline --quiet --no-progress .github) || { echo "$$found"; exit 1; }
	@.venv/bin/cfn-lint .github/deploy-role.yaml
	@echo 'Style, types, dependencies, documents and workflows are fine.'

schemas: setup ## Generate the validators from the JSON Schemas
	@$(PY) -m tools.compile_schemas

openapi: setup ## Generate docs/openapi.json, or with AUTHORIZATION its variant in .build/
	@$(PY) -m tools.openapi $(AUTHORIZATION)

diagram: synth ## Draw docs/architecture.svg from the templates
	@$(PY) -m tools.architecture

documents: schemas openapi diagram ## Make anew all that the documents take from the code
	@$(PY) -m tools.cost
	@$(PY) -m tools.capacity

client: openapi ## Generate a typed Python client in .build/client
	@$(PY) -m uv --quiet run --isolated --frozen --only-group client \
		openapi-python-client generate --path $(if $(filter-out api-key,$(AUTHORIZATION)),.build/openapi.$(AUTHORIZATION),docs/openapi).json \
		--output-path .build/client --overwrite

format: setup ## Bring the code into shape
	@.venv/bin/ruff check --quiet --fix
	@.venv/bin/ruff format --quiet

synth: setup ## Write the CloudFormation templates of all stages to cdk.out/
	@for stage in $(STAGES); do \
		$(CDK) synth --quiet -c stage=$$stage --output cdk.out/$$stage && \
		echo "cdk.out/$$stage/JobLedger-$$stage.template.json" || exit 1; \
	done

# $(BASE) is another checkout, in which `make synth` was run.
diff: synth ## Show what differs from the templates of the checkout in BASE
	@for stage in $(STAGES); do \
		$(CDK) diff --app cdk.out/$$stage --method template \
			--template "$(or $(BASE),$(error say with BASE which checkout to compare with))"/cdk.out/$$stage/JobLedger-$$stage.template.json \
			JobLedger-$$stage 2>&1 || exit 1; \
	done

deploy: setup ## Deploy STAGE to AWS, with your AWS credentials
	@$(PY) -m ops.credentials
	@$(CDK) deploy $(if $(YES),--require-approval never) -c stage=$(STAGE) --output cdk.out/$(STAGE) --outputs-file cdk.out/$(STACK).outputs.json
	@echo "The outputs, for scripts: cdk.out/$(STACK).outputs.json"

# A second time if need be: until its functions are gone, the service goes on writing logs.
DESTROY = $(CDK) destroy --force -c stage=$(STAGE) --output cdk.out/$(STAGE)

destroy: setup ## Delete STAGE from AWS, with the data that it does not retain
	@$(PY) -m ops.credentials
	@$(PY) -m tools.empty_buckets $(if $(YES),--yes) $(STACK)
	@$(DESTROY) || { $(PY) -m tools.empty_buckets --yes $(STACK) && $(DESTROY); }

clean: ## Remove everything that was installed or built
	@if [ -x $(PY) ]; then $(PY) -m local down; fi
	@rm -rf .venv node_modules cdk.out .build .local .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Written last, so an installation that was cut short is taken up again.
.venv/.complete: uv.lock pyproject.toml
	@PYTHON='$(PYTHON)' sh tools/install.sh python
	@touch $@

.build/chromium/.complete: tests/browser/package-lock.json tests/browser/package.json
	@sh tools/install.sh browser
	@mkdir -p $(@D) && touch $@

node_modules/.complete: package-lock.json package.json
	@sh tools/install.sh node
	@touch $@
