// Package caffepb declares the messages of Caffe's model files. Start with [Net]. scripts/protoc generates it from
// caffe.proto.
package caffepb
