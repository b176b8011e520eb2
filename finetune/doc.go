// Package finetune is a whole training run as one call: from a folder of
// photographs and a weights file to a run directory. Start with [New], which
// gives a [Config] with the program's own defaults, and [Run].
//
// It introduces the network (package alexnet) to the loop (package train), which
// do not know each other. A Config is all that a run is made from; it is written
// into the run directory as config.json, from which [Resume] goes on. Pictures
// are only ever read. The package prints nothing: what happens is told to a
// [Watch].
//
// A program whose main begins with sandbox.Main() has pictures decoded for the first
// time in child processes, as `alexnet train` does; in others a picture that
// crashes its decoder ends the program.
package finetune
