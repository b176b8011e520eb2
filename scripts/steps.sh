# steps.sh is sourced by the install scripts: how they speak, fail and wait for each other.

say() { echo "${0##*/}: $1"; }

# fail prints what was tried and a hint on what to do, and ends the script.
fail() {
	echo "${0##*/}: error: $1" >&2
	echo "${0##*/}: hint: $2" >&2
	exit 1
}

# checksum prints the sha256 of a file: Linux has the first command, macOS the second.
checksum() {
	{ sha256sum "$1" 2>/dev/null || shasum -a 256 "$1"; } | cut -d ' ' -f 1
}

# first_python prints the first of the interpreters $2… for which `interpreter -c $1` succeeds. Running them
# matters: version managers leave names on the PATH that start nothing.
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

# take_lock waits until no other call holds the file $1, with the interpreter $2. The kernel drops the lock
# when this script and its children have ended, however they ended, so a lock is never stale.
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

# need_space fails unless the file system of the current folder has $1 MB left.
need_space() {
	free=$(($(df -Pk . | awk 'END { print $4 }') / 1024))
	[ "$free" -ge "$1" ] ||
		fail "check free space in $PWD: got $free MB, want $1 MB" "free some space, or work on another disk"
}

# run_pip runs pip with the interpreter $1; its output is shown only when it fails.
run_pip() {
	interpreter=$1
	shift
	if log=$(PIP_REQUIRE_VIRTUALENV=0 "$interpreter" -m pip --disable-pip-version-check "$@" 2>&1); then
		return
	fi
	printf '%s\n' "$log" >&2
	case $log in
	*"DO NOT MATCH THE HASHES"*)
		fail "check what pip downloaded: not the file this project pins, so nothing was installed" \
			"see which index or mirror pip is set to use (pip config list); a damaged cache is cleared by pip cache purge"
		;;
	*"No space left"*) fail "run pip $1: no space left on device" "free some space; pip also needs some in ${TMPDIR:-/tmp}" ;;
	*"No matching distribution"* | *onnection* | *esolution* | *imed\ out*)
		fail "run pip $1: the package was not found" \
			"check the network and which index and proxy pip uses (pip config list), then call again: it continues"
		;;
	*) fail "run pip $1: it failed as shown above" "mend that and call again: it continues" ;;
	esac
}
