package export

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/op_def_go_proto"
	"github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	pb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"alexnet/tfgraph"
)

// OpCount is how often an operation stands in a graph and its functions.
type OpCount struct {
	Op    string `json:"op"`
	Count int    `json:"count"`
}

// Outside is an operation that reaches beyond the graph: it may touch files, the
// network or other devices, run code, or print.
type Outside struct {
	Op  string `json:"op"`
	Why string `json:"why"`
}

func (o Outside) String() string { return fmt.Sprintf("%s (%s)", o.Op, o.Why) }

// reasons say what an operation does that is not known to keep to itself, the
// first that fits its name.
var reasons = []struct {
	name *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`Rpc|Send|Recv|Collective|Nccl|DataService|Worker|TPU|Tpu|Distributed|^AllToAll|CrossReplica|AllReduce|ReduceScatter|^DTensor(All|Reduce)|^Infeed`), "network or other devices"},
	{regexp.MustCompile(`PyFunc|CustomCall|CallModule|^_?Xla|Compile|DatasetFromGraph|^RemoteCall`), "runs code"},
	{regexp.MustCompile(`File|Record|Reader|LMDB|Sql|Snapshot|Save|Restore|MergeV2Checkpoints|SummaryWriter|^(Write|Experimental|Stats).*Summary$|SummaryDb|ImportEvent|LoadDataset|LoadAndRemap|CSV|TextLine|CacheDataset|Dump`), "files"},
	{regexp.MustCompile(`^Print`), "prints, or writes to a file"},
	{regexp.MustCompile(`^Abort$`), "ends the program"},
}

// arguments say the same of what an operation takes that may be a string, by the
// name of the attribute or the input.
var arguments = []struct {
	name *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`file|path|logdir|(^|_)dir(ectory)?$|^descriptor_source$|^memory_region`), "files"},
	{regexp.MustCompile(`urls?$|address|^target$`), "files, the network or other devices"},
	{regexp.MustCompile(`^mlir_module$|^subgraph_key$`), "runs code"},
}

// reaching are operations without state that reach outside all the same.
var reaching = regexp.MustCompile(`^(Abort|ReadFile|MatchingFiles|InitializeTableFromTextFile|PyFuncStateless|Xla(CustomCall|Launch).*|` +
	`DatasetFromGraph|(Register|Snapshot|Cache|Rewrite).*Dataset.*|Snapshot.*Reader|Reader.*|(Copy|CopyHost|CopyToMesh.*|HostConst)|(DTensor(All|Reduce)|Infeed).*|Xla(AllReduce|ReduceScatter)|.*(TPU|Tpu|RecvAtHost).*)$`)

// contained are operations with state that keep to themselves: variables, tables,
// queues and the like in memory, random numbers, and calls of the graph's own
// functions, which are looked at themselves.
var contained = regexp.MustCompile(`^(Variable|VariableV2|VariableShape|TemporaryVariable|_?VarHandles?Op|VarIsInitializedOp|_?ReadVariables?Op|` +
	`Assign(Add|Sub)?VariableOp|DisableCopyOnRead|DestroyResourceOp|DeepCopy|Empty|GuaranteeConst|` +
	`Resource(Gather|Scatter|Apply|SparseApply|StridedSlice|CountUpTo|Accumulator|ConditionalAccumulator).*|(Sparse)?ConditionalAccumulator|` +
	`StatefulPartitionedCall|_?(If|While|Case)|_(Arg|Retval|DeviceArg|DeviceRetval)|Assert|CheckNumerics(V2)?|` +
	`TensorArray.*|Stack.*|(Random|Padding)?(ShuffleQueue|FIFOQueue|PriorityQueue|Queue).*|PriorityQueue.*|(Ordered)?Map(Clear|IncompleteSize|Peek|Size|Stage|Unstage.*)|Stage.*|Unstage|` +
	`(Anonymous)?(Mutable)?(Dense)?HashTable.*|LookupTable.*|InitializeTableV2|MutexV2|MutexLock|ConsumeMutexLock|` +
	`Random(Crop|Gamma|Poisson|PoissonV2|Shuffle|StandardNormal|Uniform|UniformInt)|TruncatedNormal|ParameterizedTruncatedNormal|Multinomial|` +
	`Stateful(Random|Standard|Truncated|Uniform).*|StatelessRandomGetAlg|Rng(ReadAndSkip|Skip)|(Anonymous|Delete)?(Random)?SeedGenerator|NonDeterministicInts|.*CandidateSampler|` +
	`SampleDistortedBoundingBox(V2)?|NegTrain|Timestamp|(Tensor|TensorSlice|SparseTensorSlice|List|Random|RandomV2|Reduce|Shuffle(AndRepeat)?)Dataset(V[23])?|RangeDataset|DatasetToSingleElement|` +
	`(Anonymous|OneShot|Make|Delete)?Iterator(V[23])?|IteratorGet(Next|NextSync|NextAsOptional|Device)|BoostedTrees.*|Cudnn.*)$`)

// saver are the operations by which TensorFlow saves and restores variables.
var saver = regexp.MustCompile(`^(Save|SaveSlices|SaveV2|Restore|RestoreSlice|RestoreV2|MergeV2Checkpoints)$`)

var knownOps = sync.OnceValues(func() (map[string]*op_def_go_proto.OpDef, error) {
	var all op_def_go_proto.OpList
	if err := proto.Unmarshal(tfgraph.OpList(), &all); err != nil {
		return nil, fmt.Errorf("read TensorFlow's operations: %w", err)
	}
	byName := make(map[string]*op_def_go_proto.OpDef, len(all.Op))
	for _, o := range all.Op {
		byName[o.Name] = o
	}
	return byName, nil
})

// takes says what an operation reaches by the names of its strings, "" where none
// speaks of anything outside.
func takes(def *op_def_go_proto.OpDef) string {
	var names []string
	for _, a := range def.GetAttr() {
		if strings.Contains(a.GetType(), "string") {
			names = append(names, a.GetName())
		}
	}
	for _, a := range def.GetInputArg() {
		if a.GetType() == types_go_proto.DataType_DT_STRING {
			names = append(names, a.GetName())
		}
	}
	for _, a := range arguments {
		if slices.ContainsFunc(names, a.name.MatchString) {
			return a.why
		}
	}
	return ""
}

// outside says why an operation is not known to keep to itself, "" where it is.
// What has state counts as reaching outside unless it is known not to.
func outside(name string, def *op_def_go_proto.OpDef) string {
	why := takes(def)
	switch {
	case def == nil:
		return "unknown to TensorFlow " + tfgraph.Version()
	case reaching.MatchString(name), why != "":
	case !def.IsStateful, contained.MatchString(name):
		return ""
	}
	for _, r := range reasons {
		if r.name.MatchString(name) {
			return r.why
		}
	}
	return cmp.Or(why, "has state that may lie outside the graph")
}

// look lists the operations in graphs and their functions, and those that reach
// outside. Those that save and restore count among the latter only where what a
// signature runs leads to them.
func look(graphs []*pb.MetaGraphDef) (ops []OpCount, found []Outside, err error) {
	known, err := knownOps()
	if err != nil {
		return nil, nil, err
	}
	counts, ours, run := map[string]int{}, map[string]bool{}, map[string]bool{}
	count := func(nodes []*node_def_go_proto.NodeDef) {
		for _, n := range nodes {
			counts[n.GetOp()]++
		}
	}
	for _, g := range graphs {
		functions := map[string][]*node_def_go_proto.NodeDef{}
		count(g.GetGraphDef().GetNode())
		for _, f := range g.GetGraphDef().GetLibrary().GetFunction() {
			name := f.GetSignature().GetName()
			functions[name] = f.GetNodeDef()
			ours[name] = known[name] == nil // a function may be called like an operation to hide it
			count(f.GetNodeDef())
		}
		maps.Copy(run, reached(g, functions))
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		ops = append(ops, OpCount{name, counts[name]})
		if ours[name] || saver.MatchString(name) && !run[name] {
			continue
		}
		if why := outside(name, known[name]); why != "" {
			found = append(found, Outside{name, why})
		}
	}
	slices.SortStableFunc(ops, func(a, b OpCount) int { return cmp.Compare(b.Count, a.Count) })
	return ops, found, nil
}
