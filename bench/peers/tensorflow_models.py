"""Training steps in TensorFlow with Keras. Arguments: threads, folder with the data, name of the model."""
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

import tensorflow_builders as builders
from channel import arrays, peak_memory, serve

THREADS, FOLDER, NAME = int(sys.argv[1]), sys.argv[2], sys.argv[3]
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)
keras.utils.set_random_seed(0)


def classes(**options):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, **options)


def praise():
    return keras.losses.BinaryCrossentropy(from_logits=True)


def sgd():
    return keras.optimizers.SGD(0.01, momentum=0.9)


def adamw(rate, decay, beta2=0.999, clip=None):
    optimizer = keras.optimizers.AdamW(rate, weight_decay=decay, beta_2=beta2, global_clipnorm=clip)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def pictures(batch, build):
    """Pictures are numbers from 0 to 1 in memory already."""
    return {"batch": batch, "build": build, "loss": classes, "optimizer": sgd, "x": lambda data: data["x"].astype("float32") / 255}


def reviews(batch, build, rate=1e-3):
    return {
        "batch": batch,
        "build": build,
        "loss": praise,
        "optimizer": lambda: keras.optimizers.Adam(rate),
        "y": lambda data: data["y"].astype("float32")[:, None],
    }


def gpt(batch, **sizes):
    return {
        "batch": batch,
        "build": lambda: builders.Gpt(**sizes),
        "loss": classes,
        "optimizer": lambda: adamw(1e-3, 0.1, 0.99, 1.0),
    }


MODELS = {
    "cifar-cnn": lambda: pictures(128, builders.cifar_cnn),
    "batch-norm-cnn": lambda: pictures(128, builders.batch_norm_cnn),
    "resnet-18": lambda: pictures(8, builders.resnet18),
    "imdb-lstm": lambda: reviews(128, lambda: builders.reader(keras.layers.LSTM, 2)),
    "lstm": lambda: reviews(128, lambda: builders.reader(keras.layers.LSTM, 1)),
    "gru": lambda: reviews(128, lambda: builders.reader(keras.layers.GRU, 1)),
    "transformer": lambda: reviews(32, builders.encoder, 5e-4),
    "char-gpt": lambda: gpt(12),
    "gpt-10m": lambda: gpt(4, block=256, width=384, heads=6, count=6),
    "gpt2-124m": lambda: gpt(1, vocabulary=50_257, block=256, width=768, heads=12, count=12),
    "bert-base": lambda: {
        "batch": 2,
        "build": builders.bert,
        "loss": lambda: classes(ignore_class=-1),
        "optimizer": lambda: adamw(1e-4, 0.01),
        "x": lambda data: (data["tokens"], data["segments"]),
    },
}


class Clock(keras.callbacks.Callback):
    """The loop alone, without what fit does before its first step."""

    ms = 0.0

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_train_end(self, logs=None):
        self.ms = (time.perf_counter() - self.start) * 1e3


class Fit:
    """model.fit over a cached, prefetched stream, several steps at a time."""

    def __init__(self, model, x, y):
        self.model = model["build"]()
        self.model.compile(model["optimizer"](), model["loss"](), steps_per_execution=4, jit_compile=False)
        stream = tf.data.Dataset.from_tensor_slices((x, y)).batch(model["batch"], drop_remainder=True)
        self.stream = stream.cache().repeat().prefetch(tf.data.AUTOTUNE)

    def run(self, count):
        clock = Clock()
        history = self.model.fit(self.stream, epochs=1, steps_per_epoch=count, verbose=0, callbacks=[clock])
        return clock.ms, history.history["loss"][0]


class Function:
    """A training step of one's own as a tf.function, over batches that are tensors already."""

    def __init__(self, model, x, y, jit):
        net, optimizer, loss_of, batch = model["build"](), model["optimizer"](), model["loss"](), model["batch"]
        slices = [tf.nest.map_structure(lambda a: tf.constant(a[i : i + batch]), (x, y)) for i in range(0, len(y), batch)]
        net(slices[0][0])  # weights are made
        variables = net.trainable_variables
        optimizer.build(variables)

        @tf.function(jit_compile=jit)
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = loss_of(y, net(x, training=True))
            optimizer.apply(tape.gradient(loss, variables))
            return loss

        self.step, self.batches, self.at = step, slices, 0

    def run(self, count):
        losses = []
        start = time.perf_counter()
        for _ in range(count):
            losses.append(self.step(*self.batches[self.at]))
            self.at = (self.at + 1) % len(self.batches)
        losses[-1].numpy()
        ms = (time.perf_counter() - start) * 1e3
        return ms, sum(float(loss) for loss in losses) / count


VARIANTS = {
    "fit, tf.data": Fit,
    "tf.function": lambda *parts: Function(*parts, False),
    "tf.function, XLA": lambda *parts: Function(*parts, True),
}
running = {}
memory_of = {}


def steps(variant, count):
    if variant not in running:
        if not memory_of:
            memory_of.update(arrays(FOLDER))
        model = MODELS[NAME]()
        x = model.get("x", lambda data: data["x"])(memory_of)
        y = model.get("y", lambda data: data["y"])(memory_of)
        running[variant] = VARIANTS[variant](model, x, y)
    ms, loss = running[variant].run(count)
    return {"ms": ms, "steps": count, "loss": loss}


serve(
    {"library": "TensorFlow", "version": tf.__version__, "threads": THREADS, "variants": list(VARIANTS) if NAME in MODELS else []},
    {"steps": steps, "memory": peak_memory},
)
