# Deployment: synthesis, the proof on loopback, and the real thing. Included by the Makefile.

CDK := $(BIN)/python -m infra cdk
CDK_ARGS ?=

.PHONY: synth
synth: $(VENV)/infra.stamp ## Synthesise the stack of rft.toml under cdk-nag, then cfn-lint it
	@$(CDK) synth --quiet $(CDK_ARGS)
	@$(BIN)/cfn-lint cdk.out/*.template.json
	@$(BIN)/python -m infra summary
	@echo "accepted by cdk-nag and cfn-lint; make deploy-local proves it here, make deploy deploys it"

.PHONY: deploy-local
deploy-local: $(VENV)/infra.stamp ## Deploy everything to an AWS on loopback and prove it there
	$(BIN)/python -m tests.local_aws

.PHONY: deploy
deploy: $(VENV)/infra.stamp ## Deploy to your account: make deploy CDK_ARGS="--profile mine"
	$(CDK) deploy $(CDK_ARGS)

$(VENV)/infra.stamp: $(VENV)/dev.stamp requirements/infra.txt package-lock.json
	@echo "installing what a deployment needs (once) ..."
	@$(PIP) install --require-hashes -r requirements/infra.txt
	@$(BIN)/python -m infra npm ci --silent
	@touch $@
