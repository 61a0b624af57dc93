# All commands of the project. `make help` lists them; cargo and the command `infra` do the work.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
INFRA := $(TARGET_DIR)/debug/infra

# Settings reach `infra` through the environment. An empty one counts as unset.
$(foreach name,$(.VARIABLES),$(if $(filter command environment,$(firstword $(origin $(name)))),$(if $(value $(name)),,$(eval unexport $(name)))))
ACCOUNT = $(if $(AWS_PROFILE),--profile $(AWS_PROFILE)) $(if $(AWS_REGION),--region $(AWS_REGION))
VALUES = $(if $(VPC_ID),--vpc-id $(VPC_ID)) $(if $(ALLOWED_IP),--allowed-ip $(ALLOWED_IP)) $(if $(ALARM_EMAIL),--alarm-email $(ALARM_EMAIL))
APPROVAL = $(if $(APPROVE),--approve $(APPROVE)) $(foreach resource,$(ACCEPT_DATA_LOSS),--accept-data-loss $(resource)) $(if $(EVENTS),--events $(EVENTS))
CONSENT = $(if $(YES_DESTROY),--yes-destroy $(YES_DESTROY))

##@ On this machine

.PHONY: local
local: build ## Run every system on this machine [MINISTACK_PORT= POSTGRES_PORT=, and what `infra local up --help` lists]
	@$(INFRA) local up
	@$(INFRA) deploy --stage local --skip-build
	@$(INFRA) local demo

.PHONY: local-down
local-down: build ## Stop the local cloud and delete its data
	@$(INFRA) local down

.PHONY: build
build: ## Build everything for this machine
	@cargo build --workspace --bins

##@ Review

.PHONY: review
review: build ## Show what this branch does to each stage and what is dangerous, from the templates alone [BASE=origin/main]
	@$(INFRA) review $(if $(BASE),--base $(BASE))

##@ AWS

.PHONY: diff-dev diff-stg diff-prd
diff-dev diff-stg diff-prd: diff-%: build ## Show what a deployment would change, according to CloudFormation [AWS_PROFILE=.. VPC_ID=vpc-.. AWS_REGION=..]
	@$(INFRA) diff --stage $* $(ACCOUNT) $(VALUES)

.PHONY: deploy-dev deploy-stg deploy-prd
deploy-dev deploy-stg deploy-prd: deploy-%: build ## Deploy a stage [.. ALLOWED_IP=1.2.3.4 APPROVE=never|dangerous|always ACCEPT_DATA_LOSS=Stack/Resource EVENTS=json]
	@$(INFRA) deploy --stage $* $(ACCOUNT) $(VALUES) $(APPROVAL)

.PHONY: destroy-local destroy-dev destroy-stg destroy-prd destroy
destroy-local destroy-dev destroy-stg destroy-prd: destroy-%: build ## Delete a stage's stacks, after confirmation [.. YES_DESTROY=dev to skip it]
	@$(INFRA) destroy --stage $* $(ACCOUNT) $(CONSENT)

destroy: $(if $(STAGE),build) ## Delete the stacks of any stage [STAGE=..]
	@$(if $(STAGE),$(INFRA) destroy --stage $(STAGE) $(ACCOUNT) $(CONSENT),echo 'error: say which stage, for example `make destroy STAGE=dev`' >&2; exit 64)

.PHONY: release
release: build ## Build the functions for AWS, for this machine's architecture, into target/lambda
	@$(INFRA) build --architecture $(subst aarch64,arm64,$(shell uname -m))

.PHONY: prepare-layers
prepare-layers: ## Regenerate layers/rds-ca/rds-ca-bundle.pem from its pinned source (needs npm)
	@python3 layers/rds-ca/prepare.py

##@ Work on it

.PHONY: synth
synth: build ## Write the templates of all stages into environments/*/templates
	@$(INFRA) synth

.PHONY: tools
tools: build ## Install the pinned tools that tests and lints use into .tools
	@$(INFRA) install local lint

.PHONY: lint
lint: tools ## Check format, lints, generated files, templates and documentation
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(TARGET_DIR)/debug/cfn-codegen generate --check
	$(INFRA) synth --check
	cargo test --quiet --workspace --test linters
	python3 layers/rds-ca/prepare.py --check
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --quiet

.PHONY: test
test: lint ## Run all tests: unit, snapshot and compile-fail tests, real PostgreSQL, the systems on a local cloud
	cargo test --workspace

.PHONY: long
long: tools ## Run the tests with random input for longer: a minute of damaged CSV files, thousands of seeds of faults
	ANALYTICS_FUZZ_SECONDS=60 ANALYTICS_SEEDS=1000 MESSAGES_SEEDS=10000 cargo test --workspace --test reader --test seeds --test model

.PHONY: bench
bench: release tools ## Run the benchmarks: synth, archives, start-up, deployments, the systems under load, reading and writing rows
	cargo bench --workspace --bench startup --bench deploy --bench catalog --bench analytics --bench messages --profile dev
	cargo bench --package fipe-store --package analytics-reader

.PHONY: clean
clean: ## Stop the local cloud, remove everything built and installed
	@if [[ -x $(INFRA) ]]; then $(INFRA) local down; fi
	cargo clean
	rm -rf .tools .local

.PHONY: help
help: ## Show this
	@awk 'BEGIN { FS = ":.*## "; print "make <target> [NAME=value ..]" } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z -]*:.*## / { split($$1, targets, ":"); n = split(targets[1], names, " "); \
	    if (n > 1) { label = names[1]; sub(/-.*/, "-", label); label = label "<stage>" } else label = names[1]; \
	    printf "  %-18s %s\n", label, $$2 }' $(MAKEFILE_LIST)
