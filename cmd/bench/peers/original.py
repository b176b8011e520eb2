"""The algorithm of the tutorial on which this program is based, in TensorFlow's graph mode.

    original.py TASK

As in the tutorial, the files are shuffled once, read and decoded in every epoch by
tf.data with 8 threads, fetched, and fed; the whole network runs for every batch;
two summaries every 20 steps, with dropout off; after each epoch the accuracy over
the validation images and a Saver's copy of all weights. Its faults are not
repeated: the optimizer's operation runs, the last partial batch counts, the labels are right.
"""
import os
import sys

import task as tasks

import numpy as np
import tensorflow as tf

import alexnet

tf1 = tf.compat.v1
THREADS, DISPLAY = 8, 20


def batches(paths, labels, task):
    data = tf.data.Dataset.from_tensor_slices((paths, labels))
    data = data.map(tasks.image(task["network"]["size"]), num_parallel_calls=THREADS)
    return tf1.data.make_initializable_iterator(data.batch(task["batch"]).prefetch(1))


def fetched(session, iterator):
    """The batches of one pass, in Python's memory."""
    following = iterator.get_next()
    session.run(iterator.initializer)
    while True:
        try:
            yield session.run(following)
        except tf.errors.OutOfRangeError:
            return


def main(task):
    paths, labels = tasks.part(task, "train")
    order = np.random.default_rng(task["seed"]).permutation(len(paths))
    train = batches([paths[i] for i in order], labels[order], task)
    validation = batches(*tasks.part(task, "val"), task)

    config = tasks.config(task)
    images = tf1.placeholder(tf.float32, [None, config["size"], config["size"], 3])
    label = tf1.placeholder(tf.int32, [None])
    rate = tf1.placeholder_with_default(np.float32(0), [])
    seed = tf.random.uniform([2], 0, 1 << 30, tf.int64)
    network = alexnet.Network(tasks.weights(task, alexnet.shapes(**config)), images, dropout=(rate, seed))
    loss = network.loss(label)
    head = [v for name, v in network.variables.items() if name.startswith("fc")]
    update = tf1.train.GradientDescentOptimizer(task["learning_rate"]).minimize(loss, var_list=head)
    hits = tf.cast(tf.equal(tf.argmax(network.logits, 1, tf.int32), label), tf.float32)
    tf1.summary.scalar("cross_entropy", loss)
    tf1.summary.scalar("accuracy", tf.reduce_mean(hits))
    summaries = tf1.summary.merge_all()
    saver = tf1.train.Saver(max_to_keep=None)

    with tf1.Session() as session:
        writer = tf1.summary.FileWriter(os.path.join(task["dir"], "tensorboard"), session.graph)
        alexnet.start(session, network)
        tasks.report(0)
        step = 0
        for epoch in range(1, task["epochs"] + 1):
            for x, y in fetched(session, train):
                session.run(update, {images: x, label: y, rate: 0.5})
                if step % DISPLAY == 0:
                    writer.add_summary(session.run(summaries, {images: x, label: y}), step)
                step += 1
            found = np.concatenate([session.run(hits, {images: x, label: y}) for x, y in fetched(session, validation)])
            saver.save(session, os.path.join(task["dir"], f"model_epoch{epoch}.ckpt"))
            tasks.report(epoch, float(found.mean()))


if __name__ == "__main__":
    tf1.disable_eager_execution()
    main(tasks.read(sys.argv[1]))
