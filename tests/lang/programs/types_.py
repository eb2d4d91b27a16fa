"""Types of generated programs, and the values that are written down for them."""
import math
import struct

INTS = {"int": 64, "int8": 8, "int16": 16, "int32": 32, "int64": 64}
UINTS = {"uint": 64, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64, "uintptr": 64}

WORDS = ["", "a", "b", "ab", "abc", "web", "db", "payments", "x=1", "a,b,c", "Hello, World", "aXbXc", "  spaced  ",
         "tab\there", "line\nbreak", "naïve", "日本語", "😀 ok", "<b>&amp;</b>", "quo\"te", "back\\slash", "\u2028", "é", "e\u0301",
         "ǅ ß ſ", "0", "42", "-7", "3.14", "true", "key=value=more", "/a/b/../c", "aaaa", "%d%%", "\x00\x01\x7f"]
RAW_BYTES = ['"\\xff"', '"a\\xffb"', '"\\xe6\\x97"', '"\\xed\\xa0\\x80"', '"ok\\x80\\xbf"', '"\\377\\a\\v"']


class Type:
    """kind: int uint float string bool slice array map struct pointer any error. `text` is how it is written."""

    def __init__(self, text, kind, bits=0, elem=None, key=None, fields=None, length=0, name=None):
        self.text, self.kind, self.bits, self.elem, self.key = text, kind, bits, elem, key
        self.fields, self.length, self.name = fields or [], length, name
        self.methods = []  # (name, params, result, by_pointer)

    def __repr__(self):
        return self.text

    @property
    def is_number(self):
        return self.kind in ("int", "uint", "float")

    @property
    def is_integer(self):
        return self.kind in ("int", "uint")

    @property
    def is_ordered(self):
        return self.is_number or self.kind == "string"

    @property
    def is_basic(self):
        return self.is_ordered or self.kind == "bool"

    @property
    def is_comparable(self):
        if self.kind == "array":
            return self.elem.is_comparable
        if self.kind == "struct":
            return all(f.is_comparable for _, f in self.fields)
        return self.is_basic or self.kind in ("any", "error", "pointer")

    @property
    def is_shown(self):
        """fmt prints it without an address."""
        if self.kind in ("slice", "array"):
            return self.elem.is_shown
        if self.kind == "map":
            return self.elem.is_shown and self.key.is_shown
        if self.kind == "struct":
            return all(f.is_shown for _, f in self.fields)
        return self.kind != "pointer"

    @property
    def low(self):
        return -(1 << (self.bits - 1)) if self.kind == "int" else 0

    @property
    def high(self):
        return (1 << (self.bits - 1)) - 1 if self.kind == "int" else (1 << self.bits) - 1


def basic(text):
    if text in INTS:
        return Type(text, "int", INTS[text])
    if text in UINTS:
        return Type(text, "uint", UINTS[text])
    if text in ("float64", "float32"):
        return Type(text, "float", int(text[5:]))
    return Type(text, text)


ALL = {t: basic(t) for t in [*INTS, *UINTS, "float32", "float64", "string", "bool", "any", "error"]}
INT, STRING, BOOL, FLOAT, ANY, ERROR = (ALL[t] for t in ("int", "string", "bool", "float64", "any", "error"))
BYTE, RUNE, INT64, UINT, UINT64 = (ALL[t] for t in ("uint8", "int32", "int64", "uint", "uint64"))
FLOAT32, UINT32 = ALL["float32"], ALL["uint32"]
DURATION = Type("time.Duration", "int", 64, name="time.Duration")


def slice_of(t):
    return Type("[]" + t.text, "slice", elem=t)


def array_of(t, n):
    return Type(f"[{n}]{t.text}", "array", elem=t, length=n)


def map_of(k, t):
    return Type(f"map[{k.text}]{t.text}", "map", elem=t, key=k)


def pointer_to(t):
    return Type("*" + t.text, "pointer", elem=t)


def quote(s):
    """A Go string literal of a text."""
    out = []
    for c in s:
        if c in '"\\':
            out.append("\\" + c)
        elif c == "\n":
            out.append("\\n")
        elif c == "\t":
            out.append("\\t")
        elif ord(c) < 32 or ord(c) == 127:
            out.append(f"\\x{ord(c):02x}")
        elif c == "\u2028":
            out.append("\\u2028")
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


def string_literal(rnd):
    r = rnd.random()
    if r < 0.06:
        return rnd.choice(RAW_BYTES)
    word = rnd.choice(WORDS)
    if r < 0.14 and "`" not in word and word.isprintable():
        return "`" + word + "`"
    return quote(word)


def int_value(rnd, t):
    near = rnd.choice([t.low, t.high, 0, 1, -1, 10, 100, 1 << min(t.bits - 2, 31), 255, 65535])
    v = near + rnd.randint(-2, 2) if rnd.random() < 0.6 else rnd.randint(0, 300)
    return max(t.low, min(t.high, v))


def int_literal(rnd, v):
    a = abs(v)
    forms = [str(a)] * 4 + [hex(a), f"0o{a:o}", f"0b{a:b}" if a < 1 << 20 else str(a), f"{a:_}"]
    if 32 < a < 127 and chr(a) not in "'\\":
        forms.append(f"'{chr(a)}'")
    return ("-" if v < 0 else "") + rnd.choice(forms)


def float_literal(rnd, bits=64):
    v = rnd.choice([0.0, 0.5, 1.0, -1.0, 2.5, 3.14159, 1e-7, 1e21, 123456789.0, 0.1, 1 / 3, 1e100, -0.25, 99.95, 1e6,
                    rnd.uniform(-1000, 1000)])
    if bits == 32:
        v = struct.unpack("f", struct.pack("f", v))[0] if abs(v) < 1e38 else 2.5
    if v == math.floor(v) and abs(v) < 1e6 and rnd.random() < 0.3:
        return f"{int(v)}.0"
    if rnd.random() < 0.08:
        m, e = math.frexp(abs(v) or 1.0)
        return ("-" if v < 0 else "") + f"0x{int(m * (1 << 53)):x}p{e - 53}"
    return repr(v) if "e" in repr(v) or "." in repr(v) else repr(v) + ".0"
