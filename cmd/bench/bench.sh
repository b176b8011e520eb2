#!/usr/bin/env bash
# bench.sh is what `make bench` runs: this program compared with other programs doing the same work on this machine.
#
#   cmd/bench/bench.sh [FLAG…]
#
# DATA names a dataset with train and val or test; by default one is drawn. WEIGHTS names pretrained convolutions; by
# default they are random. PEERS is none, tensorflow (the default) or all, which adds PyTorch (5 GB to install). Flags go
# to `bench run`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/steps.sh
scripts/install-libtensorflow
eval "$(scripts/install-libtensorflow --env)"
peers=${PEERS:-tensorflow}
[ "$peers" = none ] || scripts/install-reference
[ "$peers" != all ] || scripts/install-torch
for named in "${DATA:-.}" "${WEIGHTS:-.}"; do
	[ -e "$named" ] || fail "find $named: no such file or folder" "set DATA and WEIGHTS to existing files, or unset them"
done
data=${DATA:-runs/bench-data}
[ -e "$data" ] || go run ./scripts/demo-images -classes rings,stripes -count 160 "$data"
go build -o bin/bench ./cmd/bench
exec bin/bench run --peers "$peers" --weights "${WEIGHTS:-}" "$@" "$data"
