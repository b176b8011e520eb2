package export

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
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

// The same by what they take and give: an operation that is taken to keep to itself
// has neither a string that was not looked at, nor anything that is called after
// something outside the graph.
func TestOutsideByArgument(t *testing.T) {
	known, err := knownOps()
	if err != nil {
		t.Fatal(err)
	}
	looked := strings.Fields(`activation_mode align allowed_devices bad_indices_policy basename batch_padding_policy batching_queue bytes
		cardinality_options combiner compression_type config config_proto container containers contents context_dense_keys context_ragged_keys
		context_sparse_keys data data_format dct_method debug_name delimiter dense_keys density_unit description deterministic
		dimension_numbers direction display_name dst_format encoding equation errors executor_type feature_list_dense_keys
		feature_list_dense_missing_assumed_empty feature_list_ragged_keys feature_list_sparse_keys field_delim fill fill_mode filter_format
		format frame_name fused_ops handle id input input_bytes input_encoding input_mode input_order input_quant_mode inputs interpolation
		json_examples kernel_type keys labels layout left_pad loss_type manual_sharding message metadata method mixed_priority_policy mode
		na_value names noise op_names op_type optimization_configs optimizations optimizations_default optimizations_disabled
		optimizations_enabled output_encoding output_quant_mode padding pattern placeholder pooling_type precision_config ragged_keys records
		reduce_type reduction_type rewrite right_pad rnn_mode round_mode row_partition_types sep separator serialized serialized_options
		serialized_sparse serialized_summary_metadata set_operation sharding shared_name shared_names source sparse_keys split_type
		split_types src_format stack_name stateful_whitelist string_tensor table_handle table_name tag tags template tensor_array_name
		transformations tree_ensemble_serialized tuple_mask unit var_name xmp_metadata`)
	speaks := regexp.MustCompile(`(?i)file|url|uri|path|dir(ectory)?s?$|address|target|descriptor|socket|server|protocol|script|program|command|module|memory_region`)
	harmless := []string{
		"ShardedFilename filename", "ShardedFilespec filename", // make a name
		"TensorSliceDataset is_files",        // says that its strings are names, and opens none
		"ApproxTopK recall_target",           // a share
		"CTCBeamSearchDecoder top_paths",     // how many
		"InTopK targets", "InTopKV2 targets", // classes
		"TensorSummary description", // goes into what it gives
	}
	for name, def := range known {
		if outside(name, def) != "" {
			continue
		}
		var strs, all []string
		for _, a := range def.Attr {
			all = append(all, a.Name)
			if strings.Contains(a.Type, "string") {
				strs = append(strs, a.Name)
			}
		}
		for _, a := range def.InputArg {
			all = append(all, a.Name)
			if a.Type == types_go_proto.DataType_DT_STRING {
				strs = append(strs, a.Name)
			}
		}
		for _, a := range def.OutputArg {
			all = append(all, a.Name)
		}
		for _, a := range strs {
			if !slices.Contains(looked, a) {
				t.Errorf("%s is taken to keep to itself; what is its %s?", name, a)
			}
		}
		for _, a := range all {
			if speaks.MatchString(a) && !slices.Contains(harmless, name+" "+a) {
				t.Errorf("%s is taken to keep to itself, in spite of its %s", name, a)
			}
		}
	}
	for name, want := range map[string]string{
		"DebugIdentity": "network", "DebugNanCount": "network", "DebugNumericSummary": "network", "DebugIdentityV3": "network",
		"DecodeProtoV2": "files", "EncodeProto": "files", "GenerateVocabRemapping": "files", "FixedUnigramCandidateSampler": "files",
		"Skipgram": "files", "ImmutableConst": "files", "Abort": "ends", "MlirPassthroughOp": "code", "TfLiteSubgraphExecute": "code",
		"InfeedEnqueuePrelinearizedBuffer": "devices", "XlaAllReduce": "devices",
	} {
		if why := outside(name, known[name]); known[name] == nil || !strings.Contains(why, want) {
			t.Errorf("%s: got %q, want %q in it", name, why, want)
		}
	}
}
