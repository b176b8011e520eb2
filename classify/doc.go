// Package classify says what is on a picture. Start with [Open] and
// [Model.Classify]:
//
//	ctx := context.Background()
//	model, err := classify.Open(ctx, "runs/1", classify.Options{})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer model.Close()
//	result, err := model.Classify(ctx, classify.File("cat.jpg"))
//	if err != nil {
//		log.Fatal(err)
//	}
//	fmt.Printf("%s, %.0f %%\n", result.Class, 100*result.Probability)
//
// A [Picture] comes from a file, bytes, a reader or an [image.Image], a model
// from a run directory, a checkpoint or an export. Many pictures go through
// [Model.ClassifyAll], which is faster for each.
//
// A picture is what its bytes say, whatever its name; its header is checked
// against limits before anything is decoded. It is turned as its EXIF data says
// where the model was trained so, and resized and normalised as in training.
// Files are only ever read.
//
// A [Model] is safe for many goroutines at once, starts none that outlives a
// call, and holds TensorFlow's memory until Close. A picture that cannot be read
// is an [*input.Error] with one of input's reasons; a call after Close gives
// [tfgraph.ErrClosed].
//
// The programs that import it are built against TensorFlow's C library. In a
// module of your own, with a checkout of this one at PATH:
//
//	go mod edit -require=alexnet@v0.0.0 -replace=alexnet=PATH
//	eval "$(PATH/scripts/install-libtensorflow --env)"
//	go mod tidy
//	go run .
//
// The second line brings the library where it is missing and sets what cgo needs,
// and TF_ENABLE_ONEDNN_OPTS, which makes TensorFlow faster on many processors and
// has to stand in the environment before a program starts.
package classify
