"""Numbers of texts by tiktoken and by Hugging Face's tokenizers, and what the latter learns of texts, for golden/tokenizers.json.

Needs tokenizers 0.23 and tiktoken 0.14, and the data sets (STRATUS_DATA) for the vocabularies of GPT-2 and BERT.
"""

import gzip
import json
import os
import pathlib

import tiktoken
import tokenizers
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from tokenizers.implementations import BertWordPieceTokenizer, ByteLevelBPETokenizer

LEARN = [
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness,",
    "it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness,",
    "it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing before us,",
    "we were all going direct to Heaven, we were all going direct the other way -- in short, the period was so far like",
    "the present period, that some of its noisiest authorities insisted on its being received, for good or for evil,",
    "in the superlative degree of comparison only. aaaaaaa aaaa aaa aa 1999 1998 2024 20.24 Łódź łódź żółw 東京 東京都 京都",
    "   indented\n\n\tlines\r\n   and  spaces   don't we'll I'm they've it's he'd 'twas THEY'LL 😀😀 😀👍🏽 👨‍👩‍👧 café cafe\u0301",
]
SAMPLES = [
    "",
    " ",
    "Hello world",
    "  two  spaces  ",
    "the spring of despair",
    "don't we'LL I'M they've 'twas '",
    "tabs\tand\nlines\r\n\r\nand\u00a0no-break\u3000ideographic \x85 next \ufeff mark\u200b.",
    "naïve café cafe\u0301 ŁÓDŹ İstanbul ΣΑΣ ß ﬁ Ǆ",
    "日本語のテキスト、中文文本。한국어 ไทย",
    "😀 👍🏽 👨‍👩‍👧‍👦 🇵🇱 𝒳𝔂 \U00020000\U0002f800",
    "control \x00\x01\x1f\x7f\u200e\u202e\ue000\U000e0001 end",
    "1234567890 3.14159 ½ ² Ⅻ ٣ x2y",
    "$100 + 5% = `code` ~a^b| <|endoftext|> [MASK] a_b @user #tag «quoted» ¿qué? ‘x’ … — ·",
    "x" * 300,
    "ab" * 120 + "!?" * 120 + "\n" * 120,
    "unaffable " + "z" * 101 + " " + "z" * 100,
    "\ufffd replaced",
    "__proto__ constructor toString",
]
LONE = ["half \ud83d a pair", "\udc00", "\ud800\ud800\udc00x"]
PAIRS = [["the best of times", "the worst of times, it was"], ["", "hello"], ["unaffable " * 6, "short one"], ["one", "two " * 9]]

LLAMA = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = LLAMA.replace("{1,3}", "")
GPT2 = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""

WEIGHTED = {"the": 2003, "then": 997, "there": 733, "her": 509, "here": 401, "low": 337, "lower": 281, "slow": 211, "Slower": 173, "newest": 149, "café": 101, "thesis": 83, "東京": 61}  # fmt: skip


def read(path):
    with gzip.open(pathlib.Path(os.environ["STRATUS_DATA"]) / path, "rt", encoding="utf8") as file:
        return file.read()


def gpt2():
    printed = [b for b in range(256) if 32 < b < 127 or 160 < b and b != 173]
    letters = {chr(b): b for b in printed} | {chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in printed)}
    vocabulary = json.loads(read("gpt2-bpe/encoder.json.gz"))
    end = vocabulary.pop("<|endoftext|>")
    ranks = {bytes(letters[c] for c in token): number for token, number in vocabulary.items()}
    encoding = tiktoken.Encoding("gpt2", pat_str=GPT2, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": end})
    return {
        "ids": [encoding.encode(text, allowed_special="all") for text in SAMPLES],
        "lone": [encoding.encode(text) for text in LONE],
    }


def learned_bpe():
    cases = []
    for options in [
        {"vocab_size": 300},
        {"vocab_size": 420, "min_frequency": 2, "special_tokens": ["<pad>", "<|endoftext|>"]},
        {"vocab_size": 2000, "min_frequency": 1},
        {"vocab_size": 350, "min_frequency": 3, "add_prefix_space": True},
    ]:
        rest = dict(options)
        tokenizer = ByteLevelBPETokenizer(add_prefix_space=rest.pop("add_prefix_space", False))
        tokenizer.train_from_iterator(LEARN, show_progress=False, **rest)
        model = json.loads(tokenizer.to_str())["model"]
        cases.append({
            "options": options,
            "vocabulary": sorted(model["vocab"], key=model["vocab"].get),
            "merges": [" ".join(pair) for pair in model["merges"]],
            "ids": [tokenizer.encode(text).ids for text in SAMPLES],
        })
    return cases


def files():
    """Files tokenizer.json as other models have them, and the numbers that they give."""
    made = {}
    for name, pattern, normalizer in [("llama3", LLAMA, None), ("qwen2", QWEN, normalizers.NFC()), ("roberta", None, None)]:
        tokenizer = Tokenizer(models.BPE(ignore_merges=name == "llama3"))
        if normalizer:
            tokenizer.normalizer = normalizer
        bytes_alone = pre_tokenizers.ByteLevel(add_prefix_space=name == "roberta", use_regex=pattern is None)
        tokenizer.pre_tokenizer = (
            pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), bytes_alone]) if pattern else bytes_alone
        )
        tokenizer.train_from_iterator(
            LEARN,
            trainers.BpeTrainer(
                vocab_size=340,
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                special_tokens=["<|endoftext|>"],
                show_progress=False,
            ),
        )
        tokenizer.add_special_tokens([tokenizers.AddedToken("[MASK]", lstrip=True, rstrip=name == "qwen2")])
        made[name] = {"file": tokenizer.to_str(), "ids": [tokenizer.encode(text, add_special_tokens=False).ids for text in SAMPLES]}
    return made


def encoded(tokenizer, text, pair=None, **options):
    found = tokenizer.encode(text, pair, **options)
    return [found.ids, found.type_ids, found.attention_mask]


def bert():
    path = pathlib.Path("/tmp") / f"vocab-{os.getpid()}.txt"
    path.write_text(read("bert-base-uncased/vocab.txt.gz"), encoding="utf8")
    made = {}
    try:
        for name, options in {"uncased": {}, "cased": {"lowercase": False}, "accents": {"strip_accents": False}}.items():
            tokenizer = BertWordPieceTokenizer(str(path), **options)
            made[name] = [tokenizer.encode(text).ids for text in SAMPLES]
        tokenizer = BertWordPieceTokenizer(str(path))
        made["pairs"] = [encoded(tokenizer, *pair) for pair in PAIRS]
        made["cut"] = {}
        for length in [5, 8, 9, 16]:
            tokenizer.enable_truncation(length)
            tokenizer.enable_padding(length=length)
            made["cut"][str(length)] = [encoded(tokenizer, *pair) for pair in PAIRS] + [encoded(tokenizer, pair[1]) for pair in PAIRS]
        tokenizer.no_truncation()
        tokenizer.no_padding()
        made["texts"] = [tokenizer.decode(ids) for ids in made["uncased"]]
    finally:
        path.unlink()
    return made


def word_piece(options):
    tokenizer = BertWordPieceTokenizer()
    tokenizer.train_from_iterator([" ".join([word] * count) for word, count in WEIGHTED.items()], show_progress=False, **options)
    return tokenizer


def learned_word_piece():
    """Its numbers of single letters change from run to run: only vocabularies in which that changes nothing else are kept."""
    cases = []
    for size in range(30, 120):
        options = {"vocab_size": size, "min_frequency": 2}
        runs = [word_piece(options) for _ in range(6)]
        tokens = {tuple(sorted(run.get_vocab())) for run in runs}
        if len(tokens) > 1:
            continue
        tokens = sorted(next(iter(tokens)))
        if cases and len(tokens) - len(cases[-1]["tokens"]) < 8:
            continue
        pieces = [runs[0].encode(text).tokens for text in [" ".join(WEIGHTED), *SAMPLES]]
        cases.append({"options": options, "tokens": tokens, "pieces": pieces, "file": runs[0].to_str() if not cases else None})
    return cases


def main():
    out = {
        "versions": {"tokenizers": tokenizers.__version__, "tiktoken": tiktoken.__version__},
        "learn": LEARN,
        "weighted": list(WEIGHTED.items()),
        "samples": SAMPLES,
        "lone": LONE,
        "pairs": PAIRS,
        "gpt2": gpt2(),
        "learnedBpe": learned_bpe(),
        "files": files(),
        "bert": bert(),
        "learnedWordPiece": learned_word_piece(),
    }
    path = pathlib.Path(__file__).with_name("tokenizers.json")
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
