#!/usr/bin/env bash
# load.sh is what `make load` runs: the throughput of alexnet serve on this machine compared with alexnet predict on the
# same images, the latency at 80 % of that throughput, and memory over 10,000 requests.
#
#   cmd/bench/load.sh MODEL IMAGES [FLAG…]
#
# Server and clients share the machine and connect over loopback. Flags go to cmd/bench/load: --requests, --clients,
# --api predict.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/steps.sh
[ $# -ge 2 ] || { echo 'usage: cmd/bench/load.sh MODEL IMAGES [FLAG…]' >&2 && exit 2; }
for named in "$1" "$2"; do
	[ -e "$named" ] || fail "find $named: no such file or folder" "name a run directory or exported model, and a folder of images"
done
model=$1 images=$2
shift 2
make --no-print-directory build
go build -o bin/load ./cmd/bench/load
exec bin/load --program bin/alexnet "$@" "$model" "$images"
