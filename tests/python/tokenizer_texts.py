# tokenizer_texts.py: seeded texts of many scripts for comparing tokenizers, and how many of them.
# SPDX-License-Identifier: Apache-2.0
import os
import random
import unicodedata

# Texts per tokenizer; LRT_TOKENIZER_TEXTS=2500 makes more than 100,000 in all (make test-full).
COUNT = int(os.environ.get("LRT_TOKENIZER_TEXTS", "40"))

SCRIPTS = [(0x41, 0x7B), (0xC0, 0x180), (0x370, 0x400), (0x400, 0x500), (0x590, 0x600), (0x600, 0x700),
           (0x900, 0x980), (0xE00, 0xE60), (0xAC00, 0xD7A4), (0x3040, 0x3100), (0x4E00, 0x9FFF), (0x1F300, 0x1F650),
           (0xFF00, 0xFFF0), (0x300, 0x370), (0x2000, 0x2070), (0x1D400, 0x1D800), (0x2100, 0x2190),
           (0x1100, 0x1200), (0x1F100, 0x1F200)]
WORDS = """the of and to in is that it was for on are as with his they I at be this have from or one had by word but not
what all were we when your can said there use an each which she do how their if will up other about out many then them
don't it's we're I'll you've they'd I'm HELLO World naïve café straße""".split()
BLANKS = [" ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", " \n ", "\u00a0", "\u3000", "\u2028", "\x0b", "\u200b", "\u2003"]
SIGNS = list(".,;:!?'\"()[]{}<>/\\|@#$%^&*-_=+`~") + [
    "'s", "'t", "'re", "'LL", "…", "—", "«", "»", "</s>", "<s>", "<unk>", "<|im_start|>", "<|endoftext|>", "▁", "<0x0A>",
    "##", "[CLS]", "[MASK]", "ſ", "'ſ"]


def is_old(code):
    """Assigned in Unicode 3.2 and not changed since: what every table agrees on."""
    old = unicodedata.ucd_3_2_0.category(chr(code))
    return old not in ("Cn", "Co", "Cs") and old == unicodedata.category(chr(code))


def is_assigned(code):
    return unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")


class Texts:
    """Calls give one text after the other. `old`: only characters that all versions of Unicode treat alike."""

    def __init__(self, seed, old=False):
        self.random, known = random.Random(seed), is_old if old else is_assigned
        pools = ([chr(c) for c in range(*script) if known(c)] for script in SCRIPTS)
        self.pools = [pool for pool in pools if pool]
        self.any = [chr(c) for c in range(0x20, 0x30000, 7) if known(c)]

    def item(self):
        r, kind = self.random, self.random.random()
        if kind < 0.35:
            return r.choice(WORDS)
        if kind < 0.50:
            return "".join(r.choice(r.choice(self.pools)) for _ in range(r.randint(1, 4)))
        if kind < 0.62:
            pool = r.choice(self.pools)
            return "".join(r.choice(pool) for _ in range(r.randint(1, 9)))
        if kind < 0.72:
            return str(r.randint(0, 10 ** r.randint(1, 12)))
        if kind < 0.87:
            return r.choice(SIGNS) * r.choice([1, 1, 1, 2, 3])
        if kind < 0.95:
            return r.choice(BLANKS)
        if kind < 0.97:
            return r.choice(self.any)
        return chr(r.randint(0, 31)) if kind < 0.98 else r.choice(WORDS).upper()

    def __call__(self):
        out = []
        for _ in range(self.random.choice([0, 1, 1, 2, 3, 5, 8, 13, 21])):
            out.append(self.item())
            if self.random.random() < 0.6:
                out.append(self.random.choice([" ", " ", " ", self.random.choice(BLANKS)]))
        return "".join(out)
