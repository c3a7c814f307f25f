# Two commands matter: `make run` and `make test`. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LINT_VERSION := 2.15.0
LINT := bin/golangci-lint-$(LINT_VERSION)

# One set of flags for everything but the race detector, so that the binary, vet and the linter share one compiled copy of each
# dependency. The version is the linker's, for it changes with each commit.
PLAIN := CGO_ENABLED=0 GOFLAGS="$(strip $(filter-out -trimpath -buildvcs=%,$(shell go env GOFLAGS 2>/dev/null)) -trimpath -buildvcs=false)"

# npm asks for nothing, and tries again when the network does not answer.
NPM_CI := npm ci --prefer-offline --no-audit --no-fund --fetch-retries=4

##@ Use

.PHONY: run
run: packages build ## Install what is missing, build, and start Griot. ARGS='--addr :8080' passes flags.
	@exec ./griot serve $(ARGS)

.PHONY: packages
packages: # Speech works without an account once these are there. Griot starts without them, and says what it then cannot do.
	@scripts/packages.sh install run || echo "Going on without them."

##@ Build

.PHONY: build
build: web ## Build ./griot, with the console inside.
	@$(PLAIN) go build -ldflags "-X main.version=$(VERSION)" -o griot ./cmd/griot
	@echo "built ./griot $(VERSION)"

.PHONY: web
web: web/node_modules ## Build the console, when its sources changed.
	@scripts/when-changed.sh console web/dist/index.html \
	  web/src web/embed web/locales web/public web/index.html web/package.json web/package-lock.json $(wildcard web/*.config.* web/tsconfig.json) web/scripts \
	  -- npm run --silent --prefix web build

.PHONY: web/node_modules test/e2e/node_modules test/mcp/node_modules
web/node_modules test/e2e/node_modules test/mcp/node_modules: %/node_modules: tools
	@scripts/when-changed.sh $(subst /,-,$*)-packages $@ $*/package.json $*/package-lock.json -- bash -c 'cd $* && $(NPM_CI)'

.PHONY: tools
tools: # Says what to install rather than failing half-way.
	@command -v go >/dev/null || { echo "Go is missing: install $$(sed -n 's/^go //p' go.mod) or newer." >&2; exit 1; }
	@command -v npm >/dev/null || { echo "Node is missing: install Node 20.19 or newer, with npm." >&2; exit 1; }

##@ Test

.PHONY: test
test: build $(if $(wildcard test/e2e/package.json),test/e2e/node_modules) test/mcp/node_modules ## Every test: Go, console, browser. TEST_ARGS='-run X ./internal/y' for some of Go's.
	@scripts/test.sh

.PHONY: fuzz-api
fuzz-api: build ## Requests made from the OpenAPI document. FUZZ_SECONDS=600 FUZZ_SEED=7 for how long, and which.
	@scripts/fuzz-api.sh $(or $(FUZZ_SECONDS),60) $(FUZZ_SEED)

.PHONY: check
check: check-format check-vet check-lint check-imports check-web check-tree ## What must hold before a commit.
	@echo "All checks passed."

.PHONY: check-format
check-format:
	@echo "== check: format"
	@files=$$(find . -name node_modules -prune -o -name '*.go' -print0 | xargs -0 gofmt -l); \
	  [[ -z $$files ]] || { echo "Not formatted (run gofmt -w):"; echo "$$files"; exit 1; }

.PHONY: check-vet
check-vet: web
	@echo "== check: vet"
	@$(PLAIN) go vet ./...

.PHONY: check-lint
check-lint: $(LINT) web
	@echo "== check: lint"
	@$(PLAIN) $(LINT) run

.PHONY: check-imports
check-imports: web
	@echo "== check: import rules"
	@$(PLAIN) go test ./internal/app -run '^TestImportRules'

.PHONY: check-web
check-web: web $(if $(wildcard test/e2e/package.json),test/e2e/node_modules)
	@echo "== check: console"
	@npm run --silent --prefix web check
	@node scripts/check-locales.mjs
	@[[ ! -f test/e2e/package.json ]] || npm run --silent --prefix test/e2e check

.PHONY: check-tree
check-tree:
	@echo "== check: tree"
	@scripts/check-tree.sh
	@! command -v shellcheck >/dev/null || shellcheck -S warning scripts/*.sh .ci/run

.PHONY: bench
bench: web ## Every benchmark, as a table. BENCH=Gate for some.
	@BENCH="$(or $(BENCH),.)" scripts/bench.sh ./internal/...

# The linter of the pinned version: the one that is installed if it is that, else a copy of our own.
$(LINT):
	@mkdir -p bin
	@for found in "$$(command -v golangci-lint || true)" "$$(go env GOPATH)/bin/golangci-lint"; do \
	  if [[ -x $$found && "$$($$found version --short 2>/dev/null)" == $(LINT_VERSION) ]]; then ln -sf "$$found" $@; exit 0; fi; \
	done; \
	for try in 1 2 3; do \
	  echo "installing golangci-lint v$(LINT_VERSION)"; \
	  if $(PLAIN) GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(LINT_VERSION); then \
	    mv bin/golangci-lint $@; exit 0; \
	  fi; sleep $$((try * 5)); \
	done; exit 1

##@ Else

.PHONY: clean
clean: ## Remove what was built. Keeps data/ and what was installed.
	@rm -rf griot bin/stamps bin/reports web/dist/assets web/dist/index.html web/node_modules test/e2e/node_modules test/mcp/node_modules test/e2e/.build test/e2e/test-results

.PHONY: help
help: ## This list.
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-zA-Z_-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
