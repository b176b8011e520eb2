# images.sh is sourced by docker-test: it builds the stand-ins for the base images and the images, all in $work.

buildah() { command buildah --root "$work/storage" --runroot "$work/runroot" "$@"; }

# drop_storage unmounts buildah's mounts.
drop_storage() {
	buildah rm --all >/dev/null 2>&1 || true
	umount "$work/storage/overlay" 2>/dev/null || true
	rm -rf "$work/runroot"
}

install_tools() {
	local missing=()
	installed buildah || missing+=(buildah)
	installed ip || missing+=(iproute2)
	installed debootstrap || missing+=(debootstrap)
	installed pgrep || missing+=(procps)
	[ ${#missing[@]} = 0 ] && return
	say "installing ${missing[*]}"
	apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
		fail "install ${missing[*]}: apt-get failed, see above" "the script needs Debian or Ubuntu, or these tools installed"
}

# make_settings copies this machine's package settings: certificates, pip's index, Go's proxy.
make_settings() {
	settings=$work/settings
	rm -rf "$settings" && mkdir -p "$settings"
	cp -L /etc/ssl/certs/ca-certificates.crt "$settings/ca.crt"
	{
		printf '[global]\ncert = /settings/ca.crt\n'
		python3 -m pip config list | sed -nE "s/^(global|:env:)\.(index-url|extra-index-url|trusted-host)='(.*)'$/\2 = \3/p"
	} >"$settings/pip.conf"
	for name in GOPROXY GOSUMDB GONOSUMDB GOPRIVATE GONOPROXY GOINSECURE; do
		[ -z "$(go env $name)" ] || echo "$name=$(go env $name)"
	done >"$settings/go.env"
}

exists() { buildah inspect --type image "$1" >/dev/null 2>&1; }

# make_bases makes localhost/debian from Debian's packages, and localhost/golang from that and this machine's Go.
make_bases() {
	local container
	if ! exists localhost/debian; then
		say "making the base: Debian 12 from its packages"
		rm -rf "$work/debian"
		debootstrap --variant=minbase bookworm "$work/debian" ${DEBIAN_MIRROR:-} >"$log" 2>&1 ||
			fail "make the base: debootstrap failed, see $log" "DEBIAN_MIRROR names another mirror"
		rm -rf "$work"/debian/var/cache/apt/archives/*.deb "$work"/debian/var/lib/apt/lists/*
		container=$(buildah from scratch)
		buildah add -q "$container" "$work/debian" / >/dev/null
		rm -rf "$work/debian"
		buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd bash "$container"
		buildah commit -q --rm "$container" localhost/debian >/dev/null
	fi
	if ! exists localhost/golang; then
		say "making the base for building: the same with $(go env GOVERSION)"
		container=$(buildah from --pull-never localhost/debian)
		buildah run --isolation chroot --network host "$container" sh -c \
			'apt-get -qq update && apt-get -qq install -y --no-install-recommends binutils ca-certificates gcc libc6-dev python3' >"$log" 2>&1 ||
			fail "make the base for building: apt-get failed, see $log" "check the network"
		buildah add -q "$container" "$settings/ca.crt" /etc/ssl/certs/ca-certificates.crt >/dev/null
		buildah add -q "$container" "$(go env GOROOT)" /usr/local/go >/dev/null
		buildah config --env PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			--env GOTOOLCHAIN=local --env GOPATH=/go "$container"
		buildah commit -q --rm "$container" localhost/golang >/dev/null
	fi
}

# pinned prints the image $1 with its digest, as the Dockerfiles name their bases.
pinned() { echo "$1@$(buildah inspect --type image --format '{{.FromImageDigest}}' "$1")"; }

# build makes the image localhost/$1 by the Dockerfile $2.
build() {
	local name=$1 file=$2 began=$SECONDS
	shift 2
	say "building $file"
	buildah bud --isolation chroot --network host --pull-never --layers \
		--volume "$settings:/settings:ro" --volume "$settings/pip.conf:/etc/pip.conf:ro" \
		--volume "$settings/go.env:/root/.config/go/env:ro" \
		--build-arg "BASE=$(pinned localhost/debian)" --build-arg "GO_IMAGE=$(pinned localhost/golang)" \
		--build-arg VERSION=docker-test "$@" --file "$file" --tag "localhost/$name" . >"$log" 2>&1 ||
		{ tail -n 40 "$log" >&2 && fail "build $file: see above" "all of it is in $log"; }
	say "built $file in $((SECONDS - began)) s"
}

# size_of prints the bytes of the image's compressed layers, as in a registry, without the layer of its base.
size_of() {
	local copy
	copy=$work/oci/$1/$(buildah inspect --type image --format '{{.FromImageID}}' "localhost/$1")
	if [ ! -e "$copy/index.json" ]; then
		rm -rf "$work/oci/$1" && mkdir -p "$work/oci/$1"
		buildah push -q --format oci "localhost/$1" "oci:$copy" >/dev/null
	fi
	python3 - "$copy" <<-'EOF'
		import json, pathlib, sys
		blobs = pathlib.Path(sys.argv[1])
		def blob(entry): return json.loads((blobs / "blobs" / entry["digest"].replace(":", "/")).read_text())
		index = json.loads((blobs / "index.json").read_text())
		print(sum(layer["size"] for layer in blob(index["manifests"][0])["layers"][1:]))
	EOF
}

print_size() { printf '%-24s %d MB\n' "$1" $(($(size_of "$1") / 1000000)); }
