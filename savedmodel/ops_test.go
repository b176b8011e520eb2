package savedmodel

import (
	"regexp"
	"slices"
	"testing"
)

// Of the operations that this TensorFlow has, each whose name speaks of something
// outside the graph is refused, but for those that do not do what their names say.
func TestOutsideByName(t *testing.T) {
	known, err := knownOps()
	if err != nil {
		t.Fatal(err)
	}
	speaks := regexp.MustCompile(`(?i)file|disk|pyfunc|rpc|remote|socket|http|tfrecord|recordinput|reader|lmdb|sql|print|collective|nccl|send|recv|compile|callmodule|customcall|dataservice|snapshot|^save|^restore|loaddataset|savedataset|csvdataset|textline|summarywriter|tpu|worker|dump|importevent`)
	harmless := []string{
		"ShardedFilename", "ShardedFilespec", // make a name
		"Fingerprint", "DatasetFingerprint", "SdcaFprint", "DenseCountSparseOutput", "SparseCountSparseOutput", "RaggedCountSparseOutput",
		"TensorListPushBack", "TensorListPushBackBatch", "BoostedTreesExampleDebugOutputs", // letters that mean nothing
		"Snapshot",         // a copy of a tensor
		"XlaClusterOutput", // an identity
	}
	named := 0
	for name, def := range known {
		if !speaks.MatchString(name) || slices.Contains(harmless, name) {
			continue
		}
		named++
		if outside(name, def) == "" {
			t.Errorf("%s is taken to keep to itself", name)
		}
	}
	if named < 200 {
		t.Errorf("got %d operations to look at, want a few hundred", named)
	}
	for _, name := range []string{"MatMul", "Conv2D", "MapDefun", "DecodeJpeg", "VarHandleOp", "ReadVariableOp", "StatefulPartitionedCall", "While",
		"HashTableV2", "LookupTableFindV2", "RandomUniform", "TensorListReserve", "PartitionedCall", "BatchFunction", "ParseExampleV2"} {
		if why := outside(name, known[name]); known[name] == nil || why != "" {
			t.Errorf("%s: got %q, want it to keep to itself", name, why)
		}
	}
	if why := outside("EvilOp", nil); why == "" {
		t.Error("an unknown operation is taken to keep to itself")
	}
}
