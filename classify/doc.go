// Package classify predicts the class of images. Start with [Open] and
// [Model.Classify]:
//
//	ctx := context.Background()
//	model, err := classify.Open(ctx, "runs/1", classify.Options{})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer model.Close()
//	result, err := model.Classify(ctx, classify.FromFile("cat.jpg"))
//	if err != nil {
//		log.Fatal(err)
//	}
//	fmt.Printf("%s, %.0f %%\n", result.Class, 100*result.Probability)
//
// An [Image] comes from a file, bytes, a reader or an [image.Image], a model
// from a run directory, a checkpoint or an export. For many images use
// [Model.ClassifyAll], which batches them.
//
// The content of an image decides its format, not its name; limits on its header
// are checked before decoding. It is rotated by its EXIF orientation if the model
// was trained so, and preprocessed as in training. Files are only read.
//
// A [Model] is safe for concurrent use, starts no goroutine that outlives a call,
// and holds TensorFlow's memory until Close. An image that cannot be read returns
// an [*input.Error] with one of input's reasons; a call after Close returns
// [tfgraph.ErrClosed].
//
// Programs that import it link TensorFlow's C library. In another module, with a
// checkout of this one at PATH:
//
//	go mod edit -require=alexnet@v0.0.0 -replace=alexnet=PATH
//	eval "$(PATH/scripts/install-libtensorflow --env)"
//	go mod tidy
//	go run .
//
// The second line installs the library if it is missing and sets cgo's variables
// and TF_ENABLE_ONEDNN_OPTS, which makes TensorFlow faster on many processors and
// must be set before a program starts.
package classify
