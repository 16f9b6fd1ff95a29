"""The MLP in TensorFlow with Keras. Arguments: threads, folder with the data."""
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

from channel import BATCH, batches, mnist, serve, weights

THREADS, FOLDER = int(sys.argv[1]), sys.argv[2]
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)
LOSS = "sparse_categorical_crossentropy"


def build(initial=None):
    dense = keras.layers.Dense
    model = keras.Sequential([keras.Input((784,)), dense(128, "relu"), dense(128, "relu"), dense(10, "softmax")])
    if initial is not None:
        model.set_weights(initial)
    return model


def sgd():
    return keras.optimizers.SGD(0.01, momentum=0.9)


class Clock(keras.callbacks.Callback):
    """The loop alone, without what fit does before its first step."""

    ms = 0.0

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_train_end(self, logs=None):
        self.ms = (time.perf_counter() - self.start) * 1e3


class Fit:
    """model.fit over arrays, as most people write it."""

    def __init__(self, data):
        self.x, self.y = data
        self.model = build(weights(FOLDER))
        self.model.compile(sgd(), LOSS)

    def run(self, count):
        whole = len(self.x) // BATCH
        epochs = max(1, count // whole)
        rows = min(count, whole) * BATCH
        clock = Clock()
        x, y = self.x[:rows], self.y[:rows]
        history = self.model.fit(x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, callbacks=[clock])
        return clock.ms, history.history["loss"][0], epochs * rows // BATCH


class FitStream:
    """model.fit over a cached tf.data pipeline, 32 steps at a time: the fastest that Keras offers."""

    def __init__(self, data):
        self.model = build(weights(FOLDER))
        self.model.compile(sgd(), LOSS, steps_per_execution=32)
        stream = tf.data.Dataset.from_tensor_slices(data).batch(BATCH, drop_remainder=True)
        self.stream = stream.cache().repeat().prefetch(tf.data.AUTOTUNE)

    def run(self, count):
        clock = Clock()
        history = self.model.fit(self.stream, epochs=1, steps_per_epoch=count, verbose=0, callbacks=[clock])
        return clock.ms, history.history["loss"][0], count


class Function:
    """A training step of one's own as a tf.function, over batches that are tensors already."""

    def __init__(self, data, jit):
        model, optimizer, loss_of = build(weights(FOLDER)), sgd(), keras.losses.SparseCategoricalCrossentropy()
        variables = model.trainable_variables
        optimizer.build(variables)

        @tf.function(jit_compile=jit)
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            optimizer.apply(tape.gradient(loss, variables))
            return loss

        x, y = data
        self.step = step
        self.batches = [
            (tf.constant(x[i : i + BATCH]), tf.constant(y[i : i + BATCH])) for i in range(0, len(x), BATCH)
        ]
        self.at = 0

    def run(self, count):
        losses = []
        start = time.perf_counter()
        for _ in range(count):
            losses.append(self.step(*self.batches[self.at]))
            self.at = (self.at + 1) % len(self.batches)
        losses[-1].numpy()
        ms = (time.perf_counter() - start) * 1e3
        return ms, sum(float(loss) for loss in losses) / count, count


VARIANTS = {
    "fit": Fit,
    "fit, tf.data, 32 steps an execution": FitStream,
    "tf.function": lambda data: Function(data, False),
    "tf.function, XLA": lambda data: Function(data, True),
}
running = {}
memory = []


def steps(variant, count):
    if not memory:
        memory.extend(batches(FOLDER))
    if variant not in running:
        running[variant] = VARIANTS[variant](tuple(memory))
    ms, loss, done = running[variant].run(count)
    return {"ms": ms, "steps": done, "loss": loss}


def train(seed, epochs):
    """model.fit with validation after each epoch."""
    if not memory:
        memory.extend(mnist(FOLDER))
    x, y, test_x, test_y = memory
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(sgd(), LOSS, metrics=["accuracy"])
    start = time.perf_counter()
    history = model.fit(x, y, batch_size=BATCH, epochs=epochs, validation_data=(test_x, test_y), verbose=0)
    return {"seconds": time.perf_counter() - start, "accuracy": history.history["val_accuracy"][-1]}


serve(
    {"library": "TensorFlow", "version": tf.__version__, "threads": THREADS, "variants": list(VARIANTS)},
    {"steps": steps, "train": train},
)
