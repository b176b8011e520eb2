# container.sh is sourced by docker-test: it runs an image's program like docker run --read-only --tmpfs /tmp with
# volumes, as the image's user, with the program as process 1.

# open_container creates a container of the image $1, which the functions below use.
open_container() {
	container=$(buildah from --pull-never "localhost/$1")
	root=$(buildah mount "$container")
	echo "127.0.0.1 localhost" >"$root/etc/hosts"
	entrypoint=$(config '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}')
	own_user=$(config '{{.OCIv1.Config.User}}')
	environment=$(config '{{range .OCIv1.Config.Env}}{{.}} {{end}}')
	command=$(config '{{range .OCIv1.Config.Cmd}}{{.}} {{end}}')
	stop_signal=$(config '{{.OCIv1.Config.StopSignal}}')
}

config() { buildah inspect --format "$1" "$container"; }

in_buildah() { buildah run --isolation chroot "$container" $entrypoint "$@"; }

# inside runs a command in the container's namespaces for files, processes and network, without access to the network.
# Only /tmp and /runs are writable.
inside() {
	mkdir -p "$work/view"
	root=$root view=$work/view data=$data weights=$weights runs=$runs user=${user:-$own_user} environment=$environment \
		unshare --mount --pid --net --fork --kill-child bash -euc '
			ip link set lo up
			mount --bind "$root" "$view"
			for volume in data weights runs; do
				[ -d "$view/$volume" ] || continue
				mount --bind "${!volume}" "$view/$volume"
			done
			for volume in data weights; do
				[ ! -d "$view/$volume" ] || mount -o remount,bind,ro "$view/$volume"
			done
			mount -o remount,bind,ro "$view"
			mount -t tmpfs tmpfs "$view/tmp"
			mount -t proc proc "$view/proc"
			mount --bind /dev "$view/dev"
			exec env -i $environment chroot --userspec="$user" "$view" "$@"' bash "$@"
}

# start_inside runs inside in the background; stop_inside stops it as docker stop does and returns its exit code.
start_inside() {
	inside "$@" >"$log" 2>&1 &
	started=$!
}

# process_one prints the host's id of the started container's process 1.
process_one() { pgrep -P "$(pgrep -P "$started" -x unshare || echo "$started")"; }

stop_inside() {
	kill -s "${stop_signal#SIG}" "$(process_one)"
	wait "$started"
}

# end_inside kills what is still running.
end_inside() {
	[ -z "${started:-}" ] || ! kill -0 "$started" 2>/dev/null || kill -s KILL "$(process_one)" || true
}

# wait_for calls $2… until it succeeds; $1 names the event.
wait_for() {
	local what=$1 deadline=$((SECONDS + 300))
	shift
	until "$@"; do
		kill -0 "$started" 2>/dev/null || wrong "it exited before $what"
		[ "$SECONDS" -lt "$deadline" ] || wrong "$what did not happen within 300 s"
		sleep 0.2
	done
}

expect_user() {
	local got
	got=$(stat -c %u "/proc/$(process_one)")
	[ "$got" = "$1" ] || wrong "its user: got $got, want $1"
}

first_epoch() { grep -q '^epoch 1/' "$log"; }

# saved_step prints the step of the run's newest checkpoint.
saved_step() {
	python3 - "$runs"/1/checkpoints/*.json <<-'EOF'
		import json, sys
		print(max((json.load(open(path))["step"] for path in sys.argv[1:]), default=0))
	EOF
}

# beside runs a command in the started container, as docker exec does.
beside() {
	nsenter --target "$(process_one)" --mount --pid --net --root --wd=/ --setuid "${own_user%:*}" --setgid "${own_user#*:}" \
		env -i $environment "$@"
}

# healthy runs the healthcheck that docker/compose.yaml has for the service $1.
healthy() {
	local check
	readarray -d '' check < <(python3 - "$1" <<-'EOF'
		import json, re, sys
		service = re.search(rf"^  {sys.argv[1]}:\n((?:    .*\n|\n)+)", open("docker/compose.yaml").read(), re.M)[1]
		print("\0".join(json.loads(re.search(r"test: (.*)", service)[1])[1:]), end="\0")
	EOF
	)
	beside "${check[@]}" >/dev/null 2>&1
}

# classify_there sends a image to the started server, from its own network.
classify_there() {
	nsenter --target "$(process_one)" --net python3 - "$1" <<-'EOF'
		import sys, urllib.request
		print(urllib.request.urlopen("http://127.0.0.1:8501/classify", open(sys.argv[1], "rb").read(), 60).read().decode())
	EOF
}

curves_shown() {
	beside python3 -c '
import json, sys, urllib.request
tags = json.load(urllib.request.urlopen("http://127.0.0.1:6006/data/plugin/scalars/tags", timeout=5))
sys.exit(not any(tags.values()))' 2>/dev/null
}

# forget drops the image's program and the run's weights from the machine's cache, so that a start reads them from disk.
forget() {
	sync
	for file in "$root"/usr/local/bin/alexnet "$root"/usr/local/lib/alexnet/* "$runs"/1/checkpoints/*; do
		dd if="$file" iflag=nocache count=0 status=none
	done
}

# seconds prints how long a command took.
seconds() {
	local began=$EPOCHREALTIME
	"$@" >"$log" 2>&1 || wrong "$* failed"
	python3 -c 'import sys; print(f"{float(sys.argv[2]) - float(sys.argv[1]):.2f}")' "$began" "$EPOCHREALTIME"
}
