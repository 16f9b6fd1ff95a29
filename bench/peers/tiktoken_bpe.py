"""GPT-2's numbers of IMDB's reviews by tiktoken. Argument: the folder of the data sets. Prints what bpe.mjs prints."""

import array
import gzip
import hashlib
import json
import pathlib
import sys
import time

import tiktoken

PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""


def read(path):
    return gzip.open(pathlib.Path(sys.argv[1]) / path, "rt", encoding="utf8")


def gpt2():
    printed = [b for b in range(256) if 32 < b < 127 or 160 < b and b != 173]
    letters = {chr(b): b for b in printed} | {chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in printed)}
    with read("gpt2-bpe/encoder.json.gz") as file:
        vocabulary = json.load(file)
    end = vocabulary.pop("<|endoftext|>")
    ranks = {bytes(letters[c] for c in token): number for token, number in vocabulary.items()}
    return tiktoken.Encoding("gpt2", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": end})


def main():
    encoding = gpt2()
    with read("imdb/imdb_reviews.jsonl.gz") as file:
        texts = [json.loads(line)["text"] for line in file]
    for text in texts:
        encoding.encode_ordinary(text)
    start = time.perf_counter()
    ids = [encoding.encode_ordinary(text) for text in texts]
    seconds = time.perf_counter() - start
    digests = "".join(hashlib.sha256(array.array("i", numbers).tobytes()).hexdigest()[:8] for numbers in ids)
    print(json.dumps({"seconds": seconds, "digests": digests}))


if __name__ == "__main__":
    main()
