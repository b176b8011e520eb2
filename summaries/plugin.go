package summaries

import (
	summarypb "github.com/wamuir/graft/tensorflow/core/framework/summary_go_proto"
	tensorpb "github.com/wamuir/graft/tensorflow/core/framework/tensor_go_proto"
	shapepb "github.com/wamuir/graft/tensorflow/core/framework/tensor_shape_go_proto"
	typespb "github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
)

// tensorOf is a tensor that the page of the named plugin shows under the tag;
// content is the page's own description of it, of which the first for a tag
// counts.
func tensorOf(tag, plugin string, content []byte, tensor *tensorpb.TensorProto) *summarypb.Summary_Value {
	return &summarypb.Summary_Value{
		Tag: tag,
		Metadata: &summarypb.SummaryMetadata{
			PluginData: &summarypb.SummaryMetadata_PluginData{PluginName: plugin, Content: content},
			DataClass:  summarypb.DataClass_DATA_CLASS_TENSOR,
		},
		Value: &summarypb.Summary_Value_Tensor{Tensor: tensor},
	}
}

func floats(values []float32, shape ...int64) *tensorpb.TensorProto {
	t := &tensorpb.TensorProto{Dtype: typespb.DataType_DT_FLOAT, TensorShape: &shapepb.TensorShapeProto{}, FloatVal: values}
	for _, size := range shape {
		t.TensorShape.Dim = append(t.TensorShape.Dim, &shapepb.TensorShapeProto_Dim{Size: size})
	}
	return t
}
