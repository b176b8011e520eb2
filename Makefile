# Every target works in a fresh checkout: it first installs what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build check test nightly demo bench growth load screenshots kill asan hostile fuzz soak docker-test vulncheck sbom cover clean distclean

# How long `make fuzz` runs each target.
FUZZTIME ?= 10m

# Prefix of commands that build against TensorFlow's C library.
with_libtensorflow = scripts/install-libtensorflow && eval "$$(scripts/install-libtensorflow --env)" &&

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

# The program finds the library beside its own folder, so the checkout may move; no environment variable is needed.
build: ## bin/alexnet, the program
	@$(with_libtensorflow) go build -o bin/alexnet \
		-ldflags "-X main.version=$$(git describe --tags --always --dirty 2>/dev/null || echo unknown) \
			-extldflags '-Wl,-rpath,\$$ORIGIN/../.libtensorflow/lib'" ./cmd/alexnet

check: ## formatting, static analysis and unit tests; a minute or two
	@scripts/check

test: ## every check that a change has to pass; at most 10 minutes on 2 cores
	@scripts/test

nightly: ## race detector on everything, fuzzing, kills, benchmark peers, hostile images, soak; hours
	@scripts/nightly

demo: build ## train on a few pictures and show what comes of it
	@scripts/demo

bench: build ## measure speed on this machine beside Python TensorFlow and Keras; PEERS=all: and PyTorch
	@scripts/bench

growth: build ## how time and memory grow with pictures and epochs
	@scripts/growth

fuzz: ## every fuzz target for FUZZTIME (10m) each
	@$(with_libtensorflow) scripts/fuzz "$(FUZZTIME)"

soak: ## train for minutes and watch memory
	@scripts/soak

screenshots: build ## the pictures of TensorBoard in docs/
	@scripts/install-browser && scripts/install-reference && $(with_libtensorflow) scripts/screenshots

kill: ## kill runs KILLS (120) times, fail each of their writes; half an hour
	@scripts/kill

asan: ## the boundary to C under AddressSanitizer
	@scripts/asan

hostile: ## meet a thousand broken and malicious pictures
	@scripts/hostile

load: build ## how fast MODEL=runs/1 is served over HTTP, with PICTURES=folder
	@scripts/load "$${MODEL:?make load MODEL=runs/1 PICTURES=folder}" "$${PICTURES:?make load MODEL=runs/1 PICTURES=folder}"

docker-test: ## build the images and use them; GPU=1: the one for GPUs too
	@scripts/docker-test $(GPU:1=gpu)

vulncheck: ## known vulnerabilities in the Go code that is reached
	@scripts/vulncheck

sbom: ## bin/alexnet.cdx.json, what the program is made of
	@scripts/sbom

cover: ## the share of statements that tests reach; cover.out for go tool cover -html
	@$(with_libtensorflow) go test -coverprofile=cover.out -coverpkg=./... ./... && \
		go tool cover -func=cover.out | tail -n 1

clean: ## remove what was built
	rm -rf bin cover.out

distclean: clean ## remove what was brought too: the C library and Python
	rm -rf .libtensorflow .libtensorflow.* .venv* .vulndb
