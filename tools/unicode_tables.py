#!/usr/bin/env python3
# unicode_tables.py: writes src/tokenizer/unicode.def from the Unicode Character Database, or checks it against that.
# SPDX-License-Identifier: Apache-2.0
"""Usage: unicode_tables.py > src/tokenizer/unicode.def      unicode_tables.py --check FILE

Needs the package unicodedata2 in version 16.0: the Unicode version of the tokenizers package, whose ids we match.
Without it --check ends with 77 (skipped). All numbers are hexadecimal but counts, which are decimal.
"""
import itertools
import sys
import unicodedata

VERSION = "16.0.0"
LAST = 0x110000
WIDTH = 92


def load_database():
    try:
        import unicodedata2
    except ImportError:
        return None
    return unicodedata2 if unicodedata2.unidata_version == VERSION else None


def runs(values):
    """(start, count, value) of equal neighbours."""
    start = 0
    for value, group in itertools.groupby(values):
        count = len(list(group))
        yield start, count, value
        start += count


def category_lines(data):
    """Lu2 = two code points of category Lu, without gaps from the code point in front of the text on."""
    line, line_start = "", 0
    for start, count, value in runs(data.category(chr(c)) for c in range(LAST)):
        item = f"{value}{count if count > 1 else ''}"
        if len(line) + len(item) > WIDTH:
            yield f'CATEGORIES({line_start:#x}, "{line}")'
            line, line_start = "", start
        line += item
    yield f'CATEGORIES({line_start:#x}, "{line}")'


def combining(data):
    """300e6*21 = class e6 from 300 on, 21 code points."""
    return [f"{start:x}={value:x}" + (f"*{count}" if count > 1 else "")
            for start, count, value in runs(data.combining(chr(c)) for c in range(LAST)) if value]


def lowercase(data):
    """41+20*26 = add 20 to each of 26 code points; /2 = to every second one. Mappings to one code point only."""
    return pack_deltas({c: lower_of(data, c) - c for c in range(LAST) if lower_of(data, c) != c})


def lower_of(data, code):
    """Python's str.lower may know an older database: pairs it lacks are found by their names."""
    if 0xD800 <= code < 0xE000 or data.category(chr(code)) not in ("Lu", "Lt", "Nl", "So"):
        return code
    text = chr(code).lower()
    if len(text) > 1:
        return code  # U+0130: two code points, known to the code
    if ord(text) != code or data.category(chr(code)) != "Lu" or unicodedata.category(chr(code)) != "Cn":
        return ord(text)
    try:
        name = data.name(chr(code), "")
        return ord(data.lookup(name.replace("CAPITAL", "SMALL"))) if "CAPITAL" in name else code
    except KeyError:
        return code


def pack_deltas(deltas):
    out, codes = [], sorted(deltas)
    index = 0
    while index < len(codes):
        start, delta, best = codes[index], deltas[codes[index]], (1, 1)
        for step in (1, 2):
            count = 1
            while deltas.get(start + count * step) == delta and (step == 1 or start + count * step - 1 not in deltas):
                count += 1
            if count > best[0]:
                best = (count, step)
        count, step = best
        sign = "+" if delta >= 0 else "-"
        out.append(f"{start:x}{sign}{abs(delta):x}" + (f"*{count}" if count > 1 else "") + ("/2" if step == 2 else ""))
        index += count
    return out


def decompositions(data):
    """c0=41.300 canonical, a8~20.308 compatible; *26 = the next 26 code points, the last number growing by one each.

    One level as in the database; Hangul syllables are computed."""
    entries = {}
    for c in range(LAST):
        parts = data.decomposition(chr(c)).split()
        if parts:
            compatible = parts[0].startswith("<")
            entries[c] = ("~" if compatible else "=", tuple(int(p, 16) for p in parts[1 if compatible else 0:]))
    out, codes, index = [], sorted(entries), 0
    while index < len(codes):
        start = codes[index]
        kind, parts = entries[start]
        count = 1
        while entries.get(start + count) == (kind, parts[:-1] + (parts[-1] + count,)):
            count += 1
        out.append(f"{start:x}{kind}{'.'.join(f'{p:x}' for p in parts)}" + (f"*{count}" if count > 1 else ""))
        index += count
    return out


def exclusions(data):
    """Code points with a canonical pair that composing does not give back."""
    out = []
    for c in range(LAST):
        parts = data.decomposition(chr(c)).split()
        if len(parts) == 2 and not parts[0].startswith("<") and data.normalize("NFC", chr(c)) != chr(c):
            out.append(f"{c:x}")
    return out


def lines_of(macro, items):
    line = ""
    for item in items:
        if len(line) + len(item) + 1 > WIDTH:
            yield f'{macro}("{line}")'
            line = ""
        line += item + " "
    yield f'{macro}("{line}")'


def table(data):
    yield "/* unicode.def: what tokenizers need of the Unicode Character Database 16.0, as runs. */"
    yield "/* SPDX-License-Identifier: Apache-2.0 */"
    yield "/* tools/unicode_tables.py writes this file and explains the notation; a test derives it again. */"
    yield ""
    yield from category_lines(data)
    for macro, make in (("COMBINING", combining), ("LOWERCASE", lowercase), ("DECOMPOSITIONS", decompositions),
                        ("EXCLUSIONS", exclusions)):
        yield ""
        yield from lines_of(macro, make(data))


def main(arguments):
    data = load_database()
    if data is None:
        print(f"skipped: the package unicodedata2 {VERSION} is not installed")
        return 77
    text = "\n".join(table(data)) + "\n"
    if arguments[:1] == ["--check"]:
        with open(arguments[1], encoding="ascii") as file:
            if file.read() == text:
                return 0
        print(f"{arguments[1]} is not what tools/unicode_tables.py writes")
        return 1
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
