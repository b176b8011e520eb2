package tfgraph

import (
	"context"
	"os"

	tf "github.com/wamuir/graft/tensorflow"
	"github.com/wamuir/graft/tensorflow/op"
	"golang.org/x/sys/unix"
)

// Quiet gets the remarks over with that TensorFlow writes to stderr once in a
// process, whatever TF_CPP_MIN_LOG_LEVEL says: it runs a graph of one constant
// while stderr leads nowhere. Call it before anything else writes there.
func Quiet() {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer null.Close()
	stderr, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(stderr)
	if unix.Dup3(int(null.Fd()), 2, 0) != nil {
		return
	}
	defer unix.Dup3(stderr, 2, 0)
	root := op.NewScope()
	one := Const(root, "one", float32(1))
	def, err := GraphDef(root)
	if err != nil {
		return
	}
	session, err := Open(def, Options{Device: CPU}) // a GPU would take a second to wake
	if err != nil {
		return
	}
	defer session.Close()
	if out, err := session.Run(context.Background(), nil, []tf.Output{one}); err == nil {
		CloseAll(out)
	}
}
