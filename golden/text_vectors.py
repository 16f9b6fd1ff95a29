"""Rows of texts by scikit-learn's vectorizers, its hashes and its FeatureHasher, for golden/text_vectors.json. Needs scikit-learn 1.9."""

import json
import pathlib

import sklearn
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.utils import murmurhash3_32

LEARN = [
    "the cat sat on the mat",
    "the dog sat on the log",
    "cats and dogs",
    "the the the the",
    "",
    "naïve café 東京 😀 naïve",
    "on the mat sat the cat again and again",
]
NEW = ["the unknown cat", "", "mat mat mat log 東京", "again and again on the mat"]
CASES = [
    {"mode": "multiHot"},
    {"mode": "count"},
    {"mode": "count", "ngrams": [1, 2]},
    {"mode": "count", "ngrams": 3},
    {"mode": "count", "norm": "l1", "minDocuments": 2},
    {"mode": "tfIdf"},
    {"mode": "tfIdf", "ngrams": [1, 3], "sublinearTf": True},
    {"mode": "tfIdf", "norm": "l1", "smoothIdf": False},
    {"mode": "tfIdf", "norm": "none", "maxTokens": 3},
]
WORDS = ["", "a", "ab", "abc", "abcd", "hello world", "naïve", "東京", "😀", "the", "x" * 37]


def fitted(case):
    n = case.get("ngrams", 1)
    common = {
        "tokenizer": str.split,
        "token_pattern": None,
        "ngram_range": (n, n) if isinstance(n, int) else tuple(n),
        "min_df": case.get("minDocuments", 1),
        "max_features": case.get("maxTokens"),
    }
    norm = case.get("norm", "l2" if case["mode"] == "tfIdf" else "none")
    vectorizer = TfidfVectorizer(
        **common,
        binary=case["mode"] == "multiHot",
        use_idf=case["mode"] == "tfIdf",
        norm=None if norm == "none" else norm,
        smooth_idf=case.get("smoothIdf", True),
        sublinear_tf=case.get("sublinearTf", False),
    )
    vectorizer.fit(LEARN)
    if case["mode"] == "count" and norm == "none":
        plain = CountVectorizer(**common).fit(LEARN)
        assert (plain.transform(NEW) != vectorizer.transform(NEW)).nnz == 0
    terms = vectorizer.get_feature_names_out().tolist()
    rows = [{terms[i]: row[i] for i in row.nonzero()[0]} for row in vectorizer.transform(LEARN + NEW).toarray()]
    return {"options": case, "terms": terms, "rows": rows}


def hashed(size, signed):
    rows = FeatureHasher(size, input_type="string", alternate_sign=signed).transform([text.split() for text in LEARN + NEW])
    return {"options": {"size": size, "signed": signed}, "rows": rows.toarray().tolist()}


def main():
    out = {
        "versions": {"scikit-learn": sklearn.__version__},
        "learn": LEARN,
        "new": NEW,
        "vectors": [fitted(case) for case in CASES],
        "hashes": [[word, seed, murmurhash3_32(word, seed=seed)] for word in WORDS for seed in (0, 42)],
        "hashed": [hashed(7, True), hashed(16, False)],
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
