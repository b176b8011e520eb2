// Package finetune trains a model in one call: from a folder of images and a weights file to a run directory. Start
// with [New], which returns a [Config] with the program's defaults, and [Run]. The table [Settings] describes every
// setting of a Config.
//
// The package connects the network (package alexnet) to the training loop (package train), which do not depend on
// each other. It writes the Config into the run directory as config.json, from which [Resume] continues. It only
// reads images, and prints nothing: a [Watch] receives progress and log messages.
//
// If a program's main begins with sandbox.Main(), images are decoded for the first time in child processes, as by
// `alexnet train`; otherwise an image that crashes its decoder ends the program.
package finetune
