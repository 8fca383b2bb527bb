# huggingface_kinds.py: tokenizers of every kind that a tokenizer.json can describe, trained on the spot with the package.
# SPDX-License-Identifier: Apache-2.0
"""KINDS: name -> Kind. `old`: the package's own tables for some part are of an older Unicode version than ours, so only
characters are used that all versions treat alike."""
import collections
import json

from tokenizer_texts import Texts
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

N, P, D = normalizers, pre_tokenizers, decoders
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
TAIL = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = {
    "llama3": [CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + TAIL],
    "qwen2": [CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + TAIL],
    "cl100k": [CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"],
    "o200k": [r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + CONTRACTIONS +
              r"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + CONTRACTIONS +
              r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + TAIL],
    "deepseek": ["[\r\n]", r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽ]+",
                 "\\s?[!-/:-~！-／：-～‘-‟　-。]+", "\\s+$", "[一-龥ࠀ-一가-퟿]+"],
    "deepseek3": [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
                  r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + TAIL],
    "kimi": [r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
             + CONTRACTIONS + r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + TAIL],
}
BEHAVIORS = ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")
SPECIAL = ["<unk>", "<s>", "</s>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]

Kind = collections.namedtuple("Kind", "make old")
KINDS = {}
LINES = [text() for text in [Texts(7)] for _ in range(800)]
COMMON = {c for c, _ in collections.Counter("".join(LINES)).most_common(260)}
FEW = ["".join(c for c in line if c in COMMON) for line in LINES]  # unigram training wants all characters in


def kind(name, old=False):
    def put(make):
        KINDS[name] = Kind(make, old)
        return make
    return put


def build(model, trainer, pre=None, norm=None, dec=None, post=None, added=(), lines=LINES):
    tokenizer = Tokenizer(model)
    if norm is not None:
        tokenizer.normalizer = norm
    if pre is not None:
        tokenizer.pre_tokenizer = pre
    tokenizer.train_from_iterator(lines, trainer)
    if dec is not None:
        tokenizer.decoder = dec
    if post is not None:
        tokenizer.post_processor = post
    tokenizer.add_tokens(list(added))
    return tokenizer.to_str()


def bpe(pre, alphabet=True, trained=None, **parts):
    model = {k: parts.pop(k) for k in ("unk_token", "fuse_unk", "ignore_merges", "end_of_word_suffix",
                                       "continuing_subword_prefix") if k in parts}
    affixes = {k: v for k, v in model.items() if k.startswith(("end_of", "continuing"))}
    trainer = trainers.BpeTrainer(vocab_size=900, special_tokens=SPECIAL, show_progress=False, limit_alphabet=400,
                                  initial_alphabet=P.ByteLevel.alphabet() if alphabet else [], **affixes)
    return build(models.BPE(**model), trainer, pre, **parts)


def spelled(*steps):
    return P.Sequence([*steps, P.ByteLevel(add_prefix_space=False, use_regex=False)])


def around(before, after):
    tokens = [(name, SPECIAL.index(name)) for name in (before, after) if name]
    return processors.TemplateProcessing(single=f"{before} $A {after}".strip(), special_tokens=tokens)


for pattern_name, patterns in PATTERNS.items():
    @kind(pattern_name, old=pattern_name == "qwen2")
    def pattern_kind(name=pattern_name, steps=tuple(patterns)):
        return bpe(spelled(*(P.Split(Regex(p), "isolated") for p in steps)), dec=D.ByteLevel(),
                   norm=N.NFC() if name == "qwen2" else None, ignore_merges=name == "llama3", post=around("<s>", "</s>"))

for chosen in BEHAVIORS:
    @kind("punctuation_" + chosen, old=True)
    def punctuation_kind(behavior=chosen):
        return bpe(spelled(P.Punctuation(behavior)), dec=D.ByteLevel())

    @kind("split_" + chosen)
    def split_kind(behavior=chosen):
        return bpe(spelled(P.Split(Regex(r"\p{N}|[aeiou ]+"), behavior)), dec=D.ByteLevel())

    @kind("inverted_" + chosen)
    def inverted_kind(behavior=chosen):
        return bpe(spelled(P.Split(Regex(r"\w+"), behavior, True)), dec=D.ByteLevel())

for chosen in ("always", "first", "never"):
    for flag in (True, False):
        @kind(f"metaspace_{chosen}_{flag}")
        def metaspace_kind(scheme=chosen, split=flag):
            return bpe(P.Metaspace(prepend_scheme=scheme, split=split), alphabet=False, unk_token="<unk>", fuse_unk=split,
                       dec=D.Metaspace(prepend_scheme=scheme),
                       added=[AddedToken("World", normalized=False), AddedToken("straße")])


def with_bytes(pre, norm, dec, **options):
    trainer = trainers.BpeTrainer(vocab_size=1200, special_tokens=SPECIAL + BYTES, show_progress=False, limit_alphabet=150)
    lines = LINES if pre else [line.replace(" ", "▁") for line in LINES]
    text = build(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True, **options), trainer, pre, norm, dec,
                 lines=lines)
    data = json.loads(text)  # the bytes are no added tokens
    data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] not in BYTES]
    return json.dumps(data)


BLANKS_BACK = [D.Replace("▁", " "), D.ByteFallback(), D.Fuse()]
SIMPLE = {
    "gpt2": lambda: bpe(P.ByteLevel(add_prefix_space=False), dec=D.ByteLevel()),
    "gpt2_prefix": lambda: bpe(P.ByteLevel(add_prefix_space=True), dec=D.ByteLevel(), post=processors.ByteLevel()),
    "digits": lambda: bpe(P.Sequence([P.Digits(True), P.ByteLevel(add_prefix_space=False)]), dec=D.ByteLevel()),
    "strings": lambda: bpe(spelled(P.Split(".", "isolated"), P.Split(" ", "merged_with_next")), dec=D.ByteLevel()),
    "fixed_length": lambda: bpe(spelled(P.FixedLength(3)), dec=D.ByteLevel()),
    "delimiter": lambda: bpe(spelled(P.CharDelimiterSplit("e")), dec=D.ByteLevel()),
    "llama2": lambda: with_bytes(None, N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]),
                                 D.Sequence(BLANKS_BACK + [D.Strip(" ", 1, 0)])),
    "gemma": lambda: with_bytes(P.Split(" ", "merged_with_previous"), N.Replace(" ", "▁"), D.Sequence(BLANKS_BACK)),
    "mistral": lambda: with_bytes(P.Metaspace(prepend_scheme="first", split=False), None,
                                  D.Sequence(BLANKS_BACK + [D.Strip(" ", 1, 0)])),
    "strip": lambda: with_bytes(P.Metaspace(), None,
                                D.Sequence([D.ByteFallback(), D.Metaspace(), D.Fuse(), D.Strip("e", 2, 0)])),
    "byte_level_normalizer": lambda: bpe(P.Split(Regex("Ġ"), "merged_with_next"), norm=N.ByteLevel(), dec=D.ByteLevel(),
                                         added=[AddedToken("naïve café"), AddedToken("▁x", special=True)]),
    "added": lambda: bpe(spelled(), dec=D.ByteLevel(), norm=N.Lowercase(), added=[
        AddedToken("the", single_word=True), AddedToken("World", lstrip=True), AddedToken("his", rstrip=True, lstrip=True),
        AddedToken("<|im_start|>", special=True, rstrip=True), AddedToken("[MASK]", special=True, lstrip=True),
        AddedToken("in", single_word=True, normalized=False), AddedToken("  ", normalized=False)]),
}
for simple_name, simple_make in SIMPLE.items():
    KINDS[simple_name] = Kind(simple_make, simple_name == "added")
OLD = {
    "digits_together": lambda: bpe(spelled(P.Digits(False), P.Punctuation("contiguous")), dec=D.ByteLevel()),
    "clip": lambda: bpe(
        P.Sequence([P.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", True),
                    P.ByteLevel(add_prefix_space=False)]),
        norm=N.Sequence([N.NFC(), N.Replace(Regex(r"\s+"), " "), N.Lowercase()]), dec=D.ByteLevel(), unk_token="<unk>",
        end_of_word_suffix="</w>", post=processors.RobertaProcessing(("</s>", 2), ("<s>", 1), False, False)),
    "openai": lambda: bpe(P.BertPreTokenizer(), norm=N.BertNormalizer(), dec=D.BPEDecoder(suffix="</w>"), alphabet=False,
                          unk_token="<unk>", end_of_word_suffix="</w>"),
    "subword": lambda: bpe(P.Whitespace(), norm=N.Sequence([N.NFKD(), N.StripAccents(), N.Lowercase()]),
                           dec=D.WordPiece(), unk_token="<unk>", continuing_subword_prefix="##", alphabet=False),
    "nfkc": lambda: bpe(P.WhitespaceSplit(), norm=N.Sequence([N.NFKC(), N.Strip(), N.Nmt()]), alphabet=False,
                        unk_token="<unk>"),
    "nfd": lambda: bpe(P.Whitespace(), norm=N.NFD(), alphabet=False, unk_token="<unk>"),
}
for old_name, old_make in OLD.items():
    KINDS[old_name] = Kind(old_make, True)

BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def wordpiece(norm, dec, post=None, **options):
    trainer = trainers.WordPieceTrainer(vocab_size=1000, special_tokens=BERT_SPECIAL, limit_alphabet=300,
                                        show_progress=False)
    return build(models.WordPiece(unk_token="[UNK]", **options), trainer, P.BertPreTokenizer(), norm, dec, post)


@kind("bert", old=True)
def bert():
    return wordpiece(N.BertNormalizer(), D.WordPiece(), processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)))


@kind("bert_cased", old=True)
def bert_cased():
    return wordpiece(N.BertNormalizer(lowercase=False, strip_accents=True), D.WordPiece(cleanup=False),
                     max_input_chars_per_word=6)


@kind("bert_raw", old=True)
def bert_raw():
    return wordpiece(N.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=False), D.WordPiece())


@kind("wordlevel")
def wordlevel():
    trainer = trainers.WordLevelTrainer(vocab_size=800, special_tokens=["[UNK]", "<pad>", "|"], show_progress=False)
    return build(models.WordLevel(unk_token="[UNK]"), trainer, P.Whitespace(), None, D.CTC())


def unigram(pre, norm, dec, post=None, added=()):
    trainer = trainers.UnigramTrainer(vocab_size=700, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False)
    return build(models.Unigram(), trainer, pre, norm, dec, post, added, FEW)


@kind("unigram", old=True)
def unigram_t5():
    return unigram(P.Metaspace(), N.Sequence([N.NFKC(), N.Replace(Regex(" {2,}"), " ")]), D.Metaspace(), around("", "</s>"))


@kind("unigram_first")
def unigram_first():
    return unigram(P.Metaspace(prepend_scheme="first", split=False),
                   N.Sequence([N.Strip(), N.Replace(Regex("[ \n]{2,}"), " ")]), D.Metaspace(prepend_scheme="first"),
                   added=[AddedToken("World"), AddedToken("the", special=True)])


@kind("unigram_words")
def unigram_words():
    return unigram(P.Sequence([P.WhitespaceSplit(), P.Metaspace()]), N.Nmt(), D.Metaspace())


def charsmap():
    """The precompiled rules nmt_nfkc, out of a SentencePiece model trained on the spot; None without the package."""
    import base64
    import io

    import sentencepiece
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(FEW), model_writer=model, vocab_size=500,
                                             hard_vocab_limit=False, minloglevel=2)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    data = processor.serialized_model_proto()
    at = data.index(b"\x0a\x08nmt_nfkc\x12") + 11  # name, then the rules
    length = shift = 0
    while True:
        byte, at = data[at], at + 1
        length, shift = length | (byte & 127) << shift, shift + 7
        if byte < 128:
            return base64.b64encode(data[at:at + length]).decode()


@kind("precompiled", old=True)
def precompiled():
    data = json.loads(unigram(P.Metaspace(), None, D.Metaspace()))
    data["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "Precompiled", "precompiled_charsmap": charsmap()},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]}
    return json.dumps(data)
