"""The same fine-tuning by model.fit, as in Keras's own guides.

    keras_fit.py TASK
"""
import sys

import task as tasks

import tensorflow as tf

import alexnet

keras, layers = tf.keras, tf.keras.layers


def lrn(x):
    return tf.nn.local_response_normalization(x, depth_radius=2, alpha=2e-5, beta=0.75, bias=1.0)


def network(config):
    conv, fc = config["conv"], config["fc"]

    def frozen(name, filters, size, **kind):
        return layers.Conv2D(filters, size, activation="relu", name=name, trainable=False, **kind)

    return keras.Sequential([
        keras.Input([config["size"], config["size"], 3]),
        frozen("conv1", conv[0], 11, strides=4), layers.Lambda(lrn), layers.MaxPool2D(3, 2),
        frozen("conv2", conv[1], 5, padding="same", groups=2), layers.Lambda(lrn), layers.MaxPool2D(3, 2),
        frozen("conv3", conv[2], 3, padding="same"),
        frozen("conv4", conv[3], 3, padding="same", groups=2),
        frozen("conv5", conv[4], 3, padding="same", groups=2), layers.MaxPool2D(3, 2),
        layers.Flatten(),
        layers.Dense(fc[0], activation="relu", name="fc6"), layers.Dropout(0.5),
        layers.Dense(fc[1], activation="relu", name="fc7"), layers.Dropout(0.5),
        layers.Dense(config["classes"], name="fc8"),
    ])


def batches(task, name, shuffled):
    paths, labels = tasks.part(task, name)
    data = tf.data.Dataset.from_tensor_slices((paths, labels))
    if shuffled:
        data = data.shuffle(len(paths), seed=task["seed"])
    data = data.map(tasks.image(task["network"]["size"]), num_parallel_calls=tf.data.AUTOTUNE)
    return data.batch(task["batch"]).prefetch(tf.data.AUTOTUNE)


def main(task):
    keras.utils.set_random_seed(task["seed"])
    config = tasks.config(task)
    model = network(config)
    for name, values in tasks.weights(task, alexnet.shapes(**config)).items():
        model.get_layer(name).set_weights(values)
    model.compile(
        optimizer=keras.optimizers.SGD(task["learning_rate"]),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"])
    told = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: tasks.report(0),
        on_epoch_end=lambda epoch, logs: tasks.report(epoch + 1, float(logs["val_accuracy"])))
    model.fit(batches(task, "train", True), validation_data=batches(task, "val", False),
              epochs=task["epochs"], callbacks=[told], verbose=0)


if __name__ == "__main__":
    main(tasks.read(sys.argv[1]))
