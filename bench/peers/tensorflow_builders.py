"""Models in Keras, as its guides write them. Each is what bench/shared/step-models.ts has under the same name."""
import keras
import tensorflow as tf
from keras import layers, ops


def cifar_cnn():
    return keras.Sequential([
        keras.Input((32, 32, 3)),
        layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(10),
    ])  # fmt: skip


def batch_norm_cnn():
    def block(filters):
        return [
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
        ]

    return keras.Sequential([
        keras.Input((32, 32, 3)),
        *block(32), *block(32), layers.MaxPooling2D(2),
        *block(64), *block(64), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dense(10),
    ])  # fmt: skip


def reader(kind, count):
    """Reviews of 200 words, read by recurrent layers."""
    rest = [kind(100, return_sequences=i + 1 < count) for i in range(count)]
    return keras.Sequential([keras.Input((200,), dtype="int32"), layers.Embedding(20_000, 100), *rest, layers.Dense(1)])


class Positions(layers.Layer):
    """A learnt vector for each place."""

    def __init__(self, length, width):
        super().__init__()
        self.table = self.add_weight(shape=(length, width), initializer=keras.initializers.RandomNormal(stddev=0.02))

    def call(self, x):
        return x + self.table[: x.shape[1]]


def encoder(length=256, width=64, heads=4):
    """keras.io's text classification with a Transformer, with normalisation first and a mask for padding."""
    words = keras.Input((length,), dtype="int32")
    real = ops.not_equal(words, 0)
    x = layers.Dropout(0.2)(Positions(length, width)(layers.Embedding(20_000, width)(words)))
    y = layers.LayerNormalization(epsilon=1e-5)(x)
    y = layers.MultiHeadAttention(heads, width // heads, dropout=0.2)(y, y, attention_mask=real[:, None, :])
    x = x + layers.Dropout(0.2)(y)
    y = layers.Dense(2 * width, "relu")(layers.LayerNormalization(epsilon=1e-5)(x))
    x = x + layers.Dropout(0.2)(layers.Dense(width)(layers.Dropout(0.2)(y)))
    weight = ops.cast(real, "float32")[:, :, None]
    mean = ops.sum(x * weight, axis=1) / ops.sum(weight, axis=1)
    return keras.Model(words, layers.Dense(1)(layers.Dropout(0.4)(mean)))


class Block(layers.Layer):
    """Attention and two dense layers, without biases; queries, keys and values by one product."""

    def __init__(self, width, heads):
        super().__init__()
        normal = keras.initializers.RandomNormal(stddev=0.02)

        def dense(units, activation=None):
            return layers.Dense(units, activation, use_bias=False, kernel_initializer=normal)

        self.heads = heads
        self.norm1, self.norm2 = layers.LayerNormalization(epsilon=1e-5), layers.LayerNormalization(epsilon=1e-5)
        self.qkv, self.out = dense(3 * width), dense(width)
        self.up, self.down = dense(4 * width, lambda x: ops.gelu(x, approximate=False)), dense(width)

    def call(self, x):
        batch, length, width = ops.shape(x)[0], x.shape[1], x.shape[2]
        heads, size = self.heads, width // self.heads
        q, k, v = tf.unstack(tf.reshape(self.qkv(self.norm1(x)), (batch, length, 3, heads, size)), axis=2)
        scores = tf.einsum("bqhd,bkhd->bhqk", q, k) * size**-0.5
        seen = tf.linalg.band_part(tf.ones((length, length), tf.bool), -1, 0)
        weights = tf.nn.softmax(tf.where(seen, scores, -1e9))
        x = x + self.out(tf.reshape(tf.einsum("bhqk,bkhd->bqhd", weights, v), (batch, length, width)))
        return x + self.down(self.up(self.norm2(x)))


class Gpt(keras.Model):
    """nanoGPT's model."""

    def __init__(self, vocabulary=65, block=64, width=128, heads=4, count=4):
        super().__init__()
        normal = keras.initializers.RandomNormal(stddev=0.02)
        self.words = layers.Embedding(vocabulary, width, embeddings_initializer=normal)
        self.places = Positions(block, width)
        self.blocks = [Block(width, heads) for _ in range(count)]
        self.norm = layers.LayerNormalization(epsilon=1e-5)

    def call(self, tokens):
        x = self.places(self.words(tokens))
        for block in self.blocks:
            x = block(x)
        return tf.einsum("btw,vw->btv", self.norm(x), self.words.embeddings)  # the same table at both ends


def resnet18():
    def convolution(x, filters, size, stride, relu=True):
        x = layers.ZeroPadding2D(size // 2)(x) if size > 1 else x  # as PyTorch pads
        x = layers.Conv2D(filters, size, stride, use_bias=False)(x)
        x = layers.BatchNormalization(epsilon=1e-5)(x)
        return layers.ReLU()(x) if relu else x

    pictures = keras.Input((224, 224, 3))
    x = convolution(pictures, 64, 7, 2)
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for filters, stride in [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]:
        short = x if stride == 1 else convolution(x, filters, 1, stride, relu=False)
        x = layers.ReLU()(short + convolution(convolution(x, filters, 3, stride), filters, 3, 1, relu=False))
    return keras.Model(pictures, layers.Dense(1000)(layers.GlobalAveragePooling2D()(x)))


def bert(length=128, vocabulary=30_522, width=768, count=12, heads=12):
    """BERT base with the head that guesses words, without dropout."""
    normal = keras.initializers.TruncatedNormal(stddev=0.02)

    def dense(units, activation=None):
        return layers.Dense(units, activation, kernel_initializer=normal)

    def norm(x):
        return layers.LayerNormalization(epsilon=1e-12)(x)

    def gelu(x):
        return ops.gelu(x, approximate=False)

    tokens, segments = keras.Input((length,), dtype="int32"), keras.Input((length,), dtype="int32")
    table = layers.Embedding(vocabulary, width, embeddings_initializer=normal)
    x = table(tokens) + layers.Embedding(2, width, embeddings_initializer=normal)(segments)
    x = norm(Positions(512, width)(x))
    real = ops.not_equal(tokens, 0)[:, None, :]
    for _ in range(count):
        x = norm(x + layers.MultiHeadAttention(heads, width // heads, kernel_initializer=normal)(x, x, attention_mask=real))
        x = norm(x + dense(width)(dense(4 * width, gelu)(x)))

    class Guess(layers.Layer):
        """Scores by the table of words."""

        def __init__(self):
            super().__init__()
            self.bias = self.add_weight(shape=(vocabulary,), initializer="zeros")

        def call(self, x):
            return tf.einsum("btw,vw->btv", x, table.embeddings) + self.bias

    return keras.Model([tokens, segments], Guess()(norm(dense(width, gelu)(x))))
