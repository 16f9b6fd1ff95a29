"""How often the words of IMDB's reviews occur, for golden/imdb_words.json. Needs the data sets (STRATUS_DATA), and nothing but Python.

The words are those of Keras' Tokenizer with its defaults, of the reviews as they are and of the reviews cleaned as cleanText does it.
"""

import collections
import gzip
import json
import os
import pathlib
import re

FILTERS = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))
# White space as JavaScript's regular expressions know it; Python's \s is another set.
SPACE = re.compile("[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")
PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]+")


def words(text):
    return [word for word in text.lower().translate(FILTERS).split(" ") if word]


def clean(text):
    text = re.sub(r"<br\s*/?>", " ", text.lower())
    return SPACE.sub(" ", PUNCTUATION.sub("", text)).strip(" ")


def counted(texts):
    counts = collections.Counter()
    documents = collections.Counter()
    for text in texts:
        found = words(text)
        counts.update(found)
        documents.update(set(found))
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:50]
    return {"total": sum(counts.values()), "words": len(counts), "top": [[word, n, documents[word]] for word, n in top]}


def main():
    data = os.environ.get("STRATUS_DATA")
    if data is None:
        print("imdb_words: skipped, STRATUS_DATA is not set")
        return
    with gzip.open(pathlib.Path(data) / "imdb/imdb_reviews.jsonl.gz", "rt", encoding="utf8") as file:
        texts = [json.loads(line)["text"] for line in file]
    first = texts[::20]
    out = {
        "all": {"raw": counted(texts), "cleaned": counted(map(clean, texts))},
        "every20th": {"raw": counted(first), "cleaned": counted(map(clean, first))},
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
