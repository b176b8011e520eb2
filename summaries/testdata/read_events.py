"""Prints as JSON what TensorBoard's own readers find in each folder given.

EventAccumulator is what `tensorboard --inspect` and notebooks use;
EventFileLoader is what the pages are served from, after conversion to tensors.
Bytes are in base64, floats are text because JSON has no NaN.
"""

import base64
import json
import sys

# Without TensorFlow, TensorBoard reads files with code of its own and starts
# in a fraction of the time.
sys.modules["tensorflow"] = None

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.backend.event_processing import io_wrapper
from tensorboard.util import tensor_util


def text(data):
    return base64.b64encode(data).decode("ascii")


def accumulated(folder):
    everything = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    reader = event_accumulator.EventAccumulator(folder, size_guidance=everything)
    reader.Reload()
    tags = reader.Tags()
    return {
        "scalars": {
            tag: [
                {"step": e.step, "wall_time": e.wall_time, "value": repr(e.value)}
                for e in reader.Scalars(tag)
            ]
            for tag in tags["scalars"]
        },
        "histograms": {
            tag: [
                {
                    "step": e.step,
                    "min": e.histogram_value.min,
                    "max": e.histogram_value.max,
                    "num": e.histogram_value.num,
                    "sum": e.histogram_value.sum,
                    "sum_squares": e.histogram_value.sum_squares,
                    "bucket_limit": e.histogram_value.bucket_limit,
                    "bucket": e.histogram_value.bucket,
                }
                for e in reader.Histograms(tag)
            ]
            for tag in tags["histograms"]
        },
        "images": {
            tag: [
                {
                    "step": e.step,
                    "width": e.width,
                    "height": e.height,
                    "png": text(e.encoded_image_string),
                }
                for e in reader.Images(tag)
            ]
            for tag in tags["images"]
        },
        "texts": {
            tag: [
                {"step": e.step, "text": text(tensor_util.make_ndarray(e.tensor_proto).item())}
                for e in reader.Tensors(tag)
            ]
            for tag in tags["tensors"]
        },
        "graph": text(reader.Graph().SerializeToString()) if tags["graph"] else None,
    }


def loaded(folder):
    events = []
    for path in io_wrapper.ListDirectoryAbsolute(folder):
        for event in event_file_loader.EventFileLoader(path).Load():
            for value in event.summary.value:
                events.append({
                    "step": event.step,
                    "tag": value.tag,
                    "plugin": value.metadata.plugin_data.plugin_name,
                    "class": value.metadata.data_class,
                    "shape": list(tensor_util.make_ndarray(value.tensor).shape),
                })
    return events


print(json.dumps([{**accumulated(f), "loaded": loaded(f)} for f in sys.argv[1:]]))
