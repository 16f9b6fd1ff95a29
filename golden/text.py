"""Words, numbers and padded sequences by Keras' own Tokenizer and pad_sequences, for golden/text.json."""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "torch"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # noqa: E402
from keras.src.legacy.preprocessing.text import Tokenizer  # noqa: E402

TEXTS = [
    "The cat sat on the mat.",
    "The dog -- it's brown -- sat, too!",
    "",
    "   \t\n",
    "Café CAFÉ naïve",
    "cat\tdog\ncat",
    "a]b^c\\d-e`f{g|h}i~j",
    "constructor __proto__ toString",
]
NEW = ["the unknown bird sat", "", "dog CAT"]
OPTIONS = [
    {},
    {"num_words": 4},
    {"num_words": 4, "oov_token": "<oov>"},
    {"oov_token": "<oov>"},
    {"filters": "", "lower": False},
    {"split": ",", "filters": "."},
]
SEQUENCES = [[1, 2, 3, 4], [5], []]
PADDING = [
    {},
    {"maxlen": 3},
    {"maxlen": 3, "padding": "post"},
    {"maxlen": 3, "truncating": "post"},
    {"maxlen": 5, "padding": "post", "truncating": "post", "value": -1},
]
NAMES = {"num_words": "numWords", "oov_token": "oovToken", "maxlen": "maxLength"}


def renamed(options):
    return {NAMES.get(name, name): value for name, value in options.items()}


def main():
    tokenizers = []
    for options in OPTIONS:
        tokenizer = Tokenizer(**options)
        tokenizer.fit_on_texts(TEXTS)
        sequences = tokenizer.texts_to_sequences(TEXTS + NEW)
        numbers = [*sequences, [0, 1, 99]]
        tokenizers.append({
            "options": renamed(options),
            "wordIndex": list(tokenizer.word_index.items()),
            "wordCounts": list(tokenizer.word_counts.items()),
            "documents": tokenizer.document_count,
            "sequences": sequences,
            "numbers": numbers,
            "texts": tokenizer.sequences_to_texts(numbers),
            "matrices": {
                mode: tokenizer.texts_to_matrix(TEXTS[:2] + NEW, mode).tolist() for mode in ("binary", "count", "freq", "tfidf")
            },
        })
    padded = [
        {"options": renamed(options), "rows": keras.utils.pad_sequences(SEQUENCES, **options).tolist()} for options in PADDING
    ]
    out = {
        "versions": {"keras": keras.__version__},
        "texts": TEXTS,
        "new": NEW,
        "tokenizers": tokenizers,
        "sequences": SEQUENCES,
        "padded": padded,
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
