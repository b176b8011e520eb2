"""check_caffe.py ALEXNET WORK: BVLC's network, written with Caffe's messages in both forms and run by OpenCV."""
import os
import sys

os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
import cv2
import numpy as np
from google.protobuf import text_format
from proto import caffe_pb2 as caffe

from compare import compare, images

alexnet, work = sys.argv[1:]
MEAN = np.array([123.68, 116.779, 103.939], np.float32)
TYPES = {"Convolution": 4, "InnerProduct": 14, "LRN": 15, "Pooling": 17, "ReLU": 18}


class Net:
    """A network in the form of 2014 or today's, and its description for OpenCV."""

    def __init__(self, v1):
        self.message, self.v1, self.bottom = caffe.NetParameter(name="AlexNet"), v1, "data"
        self.text = 'input: "data" input_shape { dim: 1 dim: 3 dim: 227 dim: 227 }\n'

    def add(self, name, kind, parameters="", arrays=(), in_place=False):
        top = self.bottom if in_place else name
        layer = (self.message.layers if self.v1 else self.message.layer).add(name=name, type=TYPES[kind] if self.v1 else kind)
        layer.bottom.append(self.bottom)
        layer.top.append(top)
        for a in arrays:
            blob = layer.blobs.add()
            blob.data.extend(a.ravel().tolist())
            if self.v1:
                blob.num, blob.channels, blob.height, blob.width = (1,) * (4 - a.ndim) + a.shape
            else:
                blob.shape.dim.extend(a.shape)
        text_format.Merge(parameters, layer)
        self.text += f'layer {{ name: "{name}" type: "{kind}" bottom: "{self.bottom}" top: "{top}" {parameters} }}\n'
        self.bottom = top


def build(v1):
    random, net = np.random.default_rng(2), Net(v1)

    def arrays(out, *shape):
        scale = np.sqrt(2 / np.prod(shape))
        return [(random.normal(size=(out, *shape)) * scale).astype(np.float32), (random.normal(size=out) * 0.1).astype(np.float32)]

    channels = 3
    for i, (out, size, stride, pad, group) in enumerate([(96, 11, 4, 0, 1), (256, 5, 1, 2, 2), (384, 3, 1, 1, 1), (384, 3, 1, 1, 2), (256, 3, 1, 1, 2)], 1):
        settings = f"num_output: {out} kernel_size: {size} stride: {stride} pad: {pad} group: {group}"
        net.add(f"conv{i}", "Convolution", f"convolution_param {{ {settings} }}", arrays(out, channels // group, size, size))
        net.add(f"relu{i}", "ReLU", in_place=True)
        if i <= 2:
            net.add(f"norm{i}", "LRN", "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }")
        if i in (1, 2, 5):
            net.add(f"pool{i}", "Pooling", "pooling_param { pool: MAX kernel_size: 3 stride: 2 }")
        channels = out
    inputs = 9216
    for i, out in [(6, 4096), (7, 4096), (8, 1000)]:
        net.add(f"fc{i}", "InnerProduct", f"inner_product_param {{ num_output: {out} }}", arrays(out, inputs))
        if i < 8:
            net.add(f"relu{i}", "ReLU", in_place=True)
        inputs = out
    return net


pixels = images(f"{work}/images227", 227)
for form, v1 in [("today", False), ("2014", True)]:
    net = build(v1)
    model, description = f"{work}/{form}.caffemodel", f"{work}/{form}.prototxt"
    with open(model, "wb") as f:
        f.write(net.message.SerializeToString())
    with open(description, "w") as f:
        f.write(net.text)
    reference = cv2.dnn.readNetFromCaffe(description, model)
    logits = []
    for image in pixels:
        bgr = (image.astype(np.float32) - MEAN)[..., ::-1].transpose(2, 0, 1)
        reference.setInput(np.ascontiguousarray(bgr[None]))
        logits.append(reference.forward("fc8")[0].copy())
    compare(alexnet, work, model, f"{work}/images227", np.array(logits))
