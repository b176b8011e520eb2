//go:build !linux

package sandbox

// forked and takeForked are for Linux: elsewhere no child is forked before Go starts.
func forked() bool { return false }

func takeForked() *child { return nil }
