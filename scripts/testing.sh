# testing.sh is sourced by check, test and nightly: it installs what the tests need and runs each step under a name. A step
# prints one line when it passes and its whole output when it fails.

export TF_CPP_MIN_LOG_LEVEL=2 # tests provoke errors that TensorFlow would log

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# step runs a command under a name and ends the script where it fails.
step() {
	local name=$1 start=$SECONDS
	shift
	if ! "$@" >"$log" 2>&1 </dev/null; then
		cat "$log"
		printf 'FAIL\t%s\t%ds\n' "$name" $((SECONDS - start))
		exit 1
	fi
	printf 'ok  \t%s\t%ds\n' "$name" $((SECONDS - start))
}

formatted() {
	local list
	list=$(find . -path './.?*' -prune -o -name '*.go' -print0 | xargs -0 gofmt -l) && [ -z "$list" ] ||
		{ echo "not formatted by gofmt: $list" && return 1; }
}

# static runs the checks that need no test.
static() {
	step 'C library' scripts/install-libtensorflow
	eval "$(scripts/install-libtensorflow --env)"
	step gofmt formatted
	step 'go vet' go vet ./...
	step staticcheck go tool staticcheck ./...
}

# references installs both Pythons and a browser, and makes tests fail that cannot use them. A browser needs a package
# manager and root; without them, the tests of pages are skipped.
references() {
	step 'Python TensorFlow 2.18' scripts/install-reference
	step 'Python TensorFlow 2.21' scripts/install-reference 2.21
	export ALEXNET_REQUIRE_PYTHON=1
	if scripts/install-browser >"$log" 2>&1 </dev/null; then
		export ALEXNET_REQUIRE_BROWSER=1
	else
		printf 'SKIP\ttests in a browser\n' && cat "$log"
	fi
}

# seed fixes the random choices of the tests and prints how to repeat them.
seed() {
	export ALEXNET_SEED=${ALEXNET_SEED:-$1}
	export RAPID_SEED=${RAPID_SEED:-$ALEXNET_SEED}
	echo "seeds: ALEXNET_SEED=$ALEXNET_SEED RAPID_SEED=$RAPID_SEED"
}

# serve_references runs the servers that import TensorFlow once for all Python scripts of the tests. They end with this
# script, when their standard input does.
serve_references() {
	exec 7> >(exec .venv/bin/python -B scripts/reference/server.py >/dev/null 2>&1)
	exec 8> >(exec .venv-2.21/bin/python -B scripts/reference/server.py >/dev/null 2>&1)
}

# concurrent prints the packages whose code starts goroutines or uses locks or atomics.
concurrent() {
	go list -f '{{$p := .}}{{range .GoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range .CgoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}{{"\n"}}{{end}}' ./... |
		while read -r package file; do
			! grep -qE '^\s*go (func\b|\w[a-zA-Z0-9_.]*\()|\b(sync|atomic|errgroup)\.' "${file:-/dev/null}" || echo "$package"
		done | sort -u
}

# all_tests runs go test -v on all packages. It prints a line for each package, failures, and skipped tests with their
# reason; a skip that scripts/expected-skips.txt does not list is a failure.
all_tests() {
	local failed=0
	go test -v -vet=off "$@" ./... 2>&1 </dev/null | tee "$log" | awk -v expected=scripts/expected-skips.txt '
		BEGIN { while ((getline line < expected) > 0) if (line !~ /^(#|$)/) patterns[++count] = line }
		/^=== / { current = $3 }
		/^ +[^ ]+\.go:[0-9]+: / { said[current] = $0 }
		/--- FAIL:/ { print; fflush() }
		/--- SKIP:/ { sub(/^ +/, "", said[$3]); skipped[++skips] = $3 ": " said[$3] }
		/^(ok|FAIL|\?)[ \t]/ || /^(panic:|FAIL$)/ {
			print
			for (i = 1; i <= skips; i++) {
				line = $2 "." skipped[i]
				for (k = 1; k <= count && line !~ patterns[k]; k++);
				if (k <= count) print "  skip " line
				else { print "  UNEXPECTED SKIP " line; unexpected++ }
			}
			skips = 0; delete said; fflush()
		}
		END { if (unexpected) { print unexpected " skips that scripts/expected-skips.txt does not list"; exit 1 } }' || failed=1
	if [ $failed = 1 ]; then
		echo
		! grep -qE '^( *--- FAIL:|FAIL|panic:)' "$log" ||
			grep -vE '^(=== (RUN|PAUSE|CONT|NAME)|ok |\?)|^ *--- (PASS|SKIP):|^PASS$' "$log" || true
		printf 'FAIL\tgo test\n'
		return 1
	fi
}
