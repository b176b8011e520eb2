#!/usr/bin/env bash
# growth.sh is what `make growth` runs: time and memory for 500, 2,000 and 9,000 images and 1, 10 and 100 epochs.
#
#   cmd/bench/growth.sh [FLAG…]
#
# DATA names a dataset with train and val or test; by default one is drawn. WEIGHTS names pretrained convolutions; by
# default they are random. Flags go to `bench growth`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/steps.sh
scripts/install-libtensorflow
eval "$(scripts/install-libtensorflow --env)"
for named in "${DATA:-.}" "${WEIGHTS:-.}"; do
	[ -e "$named" ] || fail "find $named: no such file or folder" "set DATA and WEIGHTS to existing files, or unset them"
done
data=${DATA:-runs/growth-data}
if [ ! -e "$data" ]; then
	say "drawing 9,000 images into $data"
	go run ./scripts/demo-images -classes rings,stripes -count 4500 "$data.part" && mv "$data.part" "$data"
fi
go build -o bin/bench ./cmd/bench
exec bin/bench growth --weights "${WEIGHTS:-}" --out runs/growth "$@" "$data"
