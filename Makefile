# Every target works in a fresh checkout: it first installs what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build check test nightly demo bench growth load screenshots kill asan hostile fuzz soak docker-test vulncheck sbom formats cover clean distclean

# The time that `make fuzz` runs each target.
FUZZTIME ?= 10m

# Prefix of commands that build against TensorFlow's C library.
with_libtensorflow = scripts/install-libtensorflow && eval "$$(scripts/install-libtensorflow --env)" &&

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

# The program finds the library relative to its own folder, so the checkout may move and no environment variable is set.
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

demo: build ## fine-tune on drawn images or DATA=folder, evaluate, predict, report, export, serve
	@scripts/demo

bench: build ## compare speed with Python TensorFlow and Keras; PEERS=all adds PyTorch
	@cmd/bench/bench.sh

growth: build ## time and memory by number of images and epochs
	@cmd/bench/growth.sh

fuzz: ## every fuzz target for FUZZTIME (10m) each
	@$(with_libtensorflow) scripts/fuzz "$(FUZZTIME)"

soak: ## train for minutes and check that memory stays flat
	@scripts/soak

screenshots: build ## the screenshots of TensorBoard in docs/
	@scripts/install-browser && scripts/install-reference && $(with_libtensorflow) scripts/screenshots

kill: ## kill runs KILLS (120) times and fail each of their system calls; half an hour
	@scripts/kill

asan: ## test the boundary to C under AddressSanitizer
	@scripts/asan

hostile: ## test with a thousand corrupt and malicious images
	@scripts/hostile

formats: build ## weights that PyTorch, safetensors and Caffe write against torchvision and OpenCV; installs 5 GB
	@scripts/formats

load: build ## measure alexnet serve: MODEL=runs/1 IMAGES=folder
	@cmd/bench/load.sh "$${MODEL:?make load MODEL=runs/1 IMAGES=folder}" "$${IMAGES:?make load MODEL=runs/1 IMAGES=folder}"

docker-test: ## build and test the container images; GPU=1 adds the one for GPUs
	@scripts/docker-test $(GPU:1=gpu)

vulncheck: ## known vulnerabilities in reachable Go code
	@scripts/vulncheck

sbom: ## bin/alexnet.cdx.json, the bill of materials
	@scripts/sbom

cover: ## test coverage by statements; cover.out for go tool cover -html
	@$(with_libtensorflow) go test -coverprofile=cover.out -coverpkg=./... ./... && \
		go tool cover -func=cover.out | tail -n 1

clean: ## remove build outputs
	rm -rf bin cover.out

distclean: clean ## also remove the downloaded C library and Python
	rm -rf .libtensorflow .libtensorflow.* .venv* .vulndb
