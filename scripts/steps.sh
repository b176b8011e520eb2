# steps.sh is sourced by the install scripts: messages, failures and locking.

say() { echo "${0##*/}: $1"; }

# fail prints an error and a hint, and exits.
fail() {
	echo "${0##*/}: error: $1" >&2
	echo "${0##*/}: hint: $2" >&2
	exit 1
}

# installed succeeds if the program $1 is installed; a shell function of its name does not count.
installed() { (unset -f "$1" && command -v "$1" >/dev/null); }

# need fails with the hint $2 unless the program $1 is installed.
need() { installed "$1" || fail "find $1: not found" "$2"; }

need_go() { need go "install Go, of the version in go.mod or later: https://go.dev/doc/install"; }

# checksum prints the sha256 of a file: Linux has the first command, macOS the second.
checksum() {
	{ sha256sum "$1" 2>/dev/null || shasum -a 256 "$1"; } | cut -d ' ' -f 1
}

# first_python prints the first of the interpreters $2… for which `interpreter -c $1` succeeds. It runs them because
# version managers leave names on the PATH that do not start.
first_python() {
	condition=$1
	shift
	for candidate in "$@"; do
		if "$candidate" -c "$condition" >/dev/null 2>&1; then
			command -v "$candidate"
			return
		fi
	done
	return 1
}

# take_lock locks the file $1 with the interpreter $2, waiting for other calls. The kernel releases the lock when this
# script and its children have ended, so a lock is never stale.
take_lock() {
	exec 9>"$1"
	"$2" - "${0##*/}" <<-'EOF'
		import fcntl, sys
		try:
		    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
		except BlockingIOError:
		    print(sys.argv[1] + ": waiting for another call to finish", flush=True)
		    fcntl.flock(9, fcntl.LOCK_EX)
	EOF
}

# need_space fails unless the file system of the current folder has $1 MB free.
need_space() {
	free=$(($(df -Pk . | awk 'END { print $4 }') / 1024))
	[ "$free" -ge "$1" ] ||
		fail "check free space in $PWD: got $free MB, want $1 MB" "free some space, or use another disk"
}

# run_pip runs pip with the interpreter $1 and shows its output only if it fails.
run_pip() {
	interpreter=$1
	shift
	if log=$(PIP_REQUIRE_VIRTUALENV=0 "$interpreter" -m pip --disable-pip-version-check "$@" 2>&1); then
		return
	fi
	printf '%s\n' "$log" >&2
	case $log in
	*"DO NOT MATCH THE HASHES"*)
		fail "check the download of pip: its hash differs from the pinned one, so nothing was installed" \
			"check which index or mirror pip uses (pip config list); clear a damaged cache with pip cache purge"
		;;
	*"No space left"*) fail "run pip $1: no space left on device" "free some space; pip also needs some in ${TMPDIR:-/tmp}" ;;
	*"No matching distribution"* | *onnection* | *esolution* | *imed\ out*)
		fail "run pip $1: the package was not found" \
			"check the network, and which index and proxy pip uses (pip config list), then run it again: it continues"
		;;
	*) fail "run pip $1: it failed as shown above" "fix that and run it again: it continues" ;;
	esac
}
