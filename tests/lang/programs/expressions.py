"""Expressions: each is text of exactly the type asked for, and safe where it runs.

An expression is a pair of its text and whether Go takes it for a constant: of two constants an operator is computed,
and refused where it overflows, before the program runs. So one side of an operator is never one."""
from types_ import *

ARITHMETIC = ["+", "-", "*", "/", "%", "&", "|", "^", "&^", "<<", ">>"]
COMPARE = ["==", "!=", "<", "<=", ">", ">="]


class Expressions:
    """What a program draws from: a random source, names in scope, what was used how often."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.counts = {}
        self.scopes = [[]]   # lists of (name, type); a name in the last one hides others
        self.named = []      # named types
        self.functions = []  # pure: (name, params, result)
        self.constants = []  # (name, type), typed
        self.helpers = {}    # name: text
        self.serial = 0
        self.pure = 0        # above 0: no calls that leave a trace

    # ---- bookkeeping ----

    def use(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def fresh(self, stem):
        self.serial += 1
        return f"{stem}{self.serial}"

    def chance(self, p):
        return self.rnd.random() < p

    def variables(self, t):
        seen, found = set(), []
        for scope in reversed(self.scopes):
            for name, type_ in scope:
                if name not in seen:
                    seen.add(name)
                    if type_.text == t.text:
                        found.append(name)
        return found

    def declare(self, name, t):
        self.scopes[-1].append((name, t))

    def helper(self, name, text):
        self.helpers[name] = text
        return name

    def opaque(self, t):
        """A function that returns what it gets: its result is no constant."""
        stem = "".join(c if c.isalnum() else "_" for c in t.text)
        return self.helper("same_" + stem, f"func same_{stem}(v {t.text}) {t.text} {{\n\treturn v\n}}\n")

    # ---- entry ----

    def expr(self, t, depth=2):
        return self.both(t, depth)[0]

    def moving(self, t, depth=2):
        """Of type t, and no constant."""
        text, const = self.both(t, depth)
        return f"{self.opaque(t)}({text})" if const else text

    def both(self, t, depth=2):
        ways = [self.leaf]
        if depth > 0:
            ways += getattr(self, "ways_" + t.kind)(t)
            if not self.pure:
                ways += [self.call] * 1
        return self.rnd.choice(ways)(t, depth)

    def leaf(self, t, depth):
        have = self.variables(t)
        if have and self.chance(0.75):
            return self.rnd.choice(have), False
        constants = [n for n, of in self.constants if of.text == t.text]
        if constants and self.chance(0.5):
            return self.rnd.choice(constants), True
        return self.literal(t, depth)

    def call(self, t, depth):
        fits = [f for f in self.functions if f[2].text == t.text]
        if not fits:
            return self.leaf(t, depth)
        name, params, _ = self.rnd.choice(fits)
        self.use("call of a function")
        return f"{name}({', '.join(self.expr(p, depth - 1) for p in params)})", False

    # ---- literals ----

    def literal(self, t, depth=1):
        return getattr(self, "literal_" + t.kind)(t, depth)

    def literal_int(self, t, depth):
        if t.text == "time.Duration":
            unit = self.rnd.choice(["Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour"])
            return f"{self.rnd.randint(-3, 90)} * time.{unit}" if depth < 0 else \
                f"({self.rnd.randint(-3, 90)} * time.{unit})", True
        v = int_literal(self.rnd, int_value(self.rnd, t))
        return f"{t.text}({v})", True

    literal_uint = literal_int

    def literal_float(self, t, depth):
        return f"{t.text}({float_literal(self.rnd, t.bits)})", True

    def literal_string(self, t, depth):
        s = string_literal(self.rnd)
        return (s if t.text == "string" else f"{t.text}({s})"), True

    def literal_bool(self, t, depth):
        s = self.rnd.choice(["true", "false"])
        return (s if t.text == "bool" else f"{t.text}({s})"), True

    def element(self, t, depth):
        """Inside of a composite literal, where a type may be left out."""
        text = self.expr(t, depth - 1)
        if t.kind in ("struct", "slice", "array", "map") and text.startswith(t.text + "{") and self.chance(0.6) and \
                not t.text.startswith("struct"):
            self.use("elided type in a composite literal")
            return text[len(t.text):] if text.endswith("}") and self.closed(text[len(t.text):]) else text
        return text

    @staticmethod
    def closed(text):
        """Whether the first brace of the text is closed by its last byte."""
        depth, quoted = 0, None
        at = 0
        while at < len(text):
            c = text[at]
            if quoted:
                if c == "\\" and quoted != "`":
                    at += 1
                elif c == quoted:
                    quoted = None
            elif c in "\"`'":
                quoted = c
            elif c == "{":
                depth += 1
            elif c == "}":
                depth -= 1
                if depth == 0:
                    return at == len(text) - 1
            at += 1
        return False

    def literal_slice(self, t, depth):
        n = self.rnd.randint(1, 4)
        if self.chance(0.12):
            self.use("indexes in a composite literal")
            at = sorted(self.rnd.sample(range(6), min(n, 3)))
            return f"{t.text}{{{', '.join(f'{i}: {self.element(t.elem, depth)}' for i in at)}}}", False
        return f"{t.text}{{{', '.join(self.element(t.elem, depth) for _ in range(n))}}}", False

    def literal_array(self, t, depth):
        n = self.rnd.choice([t.length, t.length, max(0, t.length - 1)])
        items = ", ".join(self.element(t.elem, depth) for _ in range(n))
        if n == t.length and n and not t.name and self.chance(0.3):
            self.use("[...] array")
            return f"[...]{t.elem.text}{{{items}}}", False
        return f"{t.text}{{{items}}}", False

    def literal_map(self, t, depth):
        keys = []
        for _ in range(self.rnd.randint(0, 3)):
            k = self.literal(t.key)[0]
            if k not in keys:
                keys.append(k)
        if len(keys) > 1 and t.key.kind != "string":
            keys = keys[:1]  # two spellings of one value would be a duplicate
        if len({k.replace("`", '"') for k in keys}) < len(keys):
            keys = keys[:1]
        return f"{t.text}{{{', '.join(f'{k}: {self.element(t.elem, depth)}' for k in keys)}}}", False

    def literal_struct(self, t, depth):
        if t.fields and self.chance(0.25):
            self.use("struct literal without names")
            return f"{t.text}{{{', '.join(self.expr(f, depth - 1) for _, f in t.fields)}}}", False
        some = [f for f in t.fields if self.chance(0.7)]
        self.rnd.shuffle(some)
        return f"{t.text}{{{', '.join(f'{n}: {self.expr(f, depth - 1)}' for n, f in some)}}}", False

    def literal_pointer(self, t, depth):
        if t.elem.kind == "struct" and not t.elem.text.startswith("struct"):
            self.use("&T{}")
            self.use("operator & (address)")
            return "&" + self.literal_struct(t.elem, depth)[0], False
        self.use("new")
        return f"new({t.elem.text})", False

    def literal_any(self, t, depth):
        of = self.rnd.choice([INT, STRING, BOOL, FLOAT, BYTE, *self.named_shown()])
        return f"any({self.expr(of, min(depth, 1) - 1)})", False

    def literal_error(self, t, depth):
        self.use("errors.New")
        return f"errors.New({self.expr(STRING, 0)})", False

    def named_shown(self):
        return [t for t in self.named if t.is_shown and t.kind not in ("any", "error")]

    # ---- numbers ----

    def ways_int(self, t):
        ways = [self.binary] * 6 + [self.unary] * 2 + [self.convert_number] * 2 + [self.shift, self.length, self.indexed,
                                                                                 self.field, self.min_max, self.deref]
        return ways + ([self.byte_of] if t.text == "uint8" else []) + ([self.method] * 2)

    ways_uint = ways_int

    def ways_float(self, t):
        return [self.binary] * 4 + [self.unary, self.convert_number, self.indexed, self.field, self.min_max, self.method]

    def binary(self, t, depth):
        ops = ["+", "-", "*", "/"] + (["%", "&", "|", "^", "&^"] if t.is_integer else [])
        op = self.rnd.choice(ops)
        self.use("operator " + op)
        left, right = self.moving(t, depth - 1), self.both(t, depth - 1)[0]
        if op in "/%" and t.is_integer:
            right = self.rnd.choice([f"({right} | 1)", f"{t.text}({self.rnd.randint(1, min(t.high, 1000))})"])
            if "|" in right:
                self.use("operator |")
                right = f"({self.moving(t, depth - 1)} | 1)"
        elif self.chance(0.25):
            return f"({left} {op} {self.plain_number(t)})", False  # an untyped constant takes the type
        return f"({left} {op} {right})", False

    def plain_number(self, t):
        if t.kind == "float":
            return self.rnd.choice(["2", "0.5", "1e3", "3.25", "'a'"])
        if self.chance(0.2):
            return self.rnd.choice(["1.0", "4.0", "'\\x07'", "1 << 3"]) if t.bits > 4 else "1"
        return str(self.rnd.randint(1, min(t.high, 100)))

    def unary(self, t, depth):
        op = self.rnd.choice(["-", "+", "^"] if t.is_integer else ["-", "+"])
        self.use(f"operator {op} (unary)")
        return f"{op}({self.moving(t, depth - 1)})", False

    def shift(self, t, depth):
        op = self.rnd.choice(["<<", ">>"])
        self.use("operator " + op)
        count = self.rnd.choice([str(self.rnd.randint(0, 70)), f"({self.moving(UINT, depth - 1)} % 70)",
                                 f"({self.moving(BYTE, depth - 1)} & 15)", f"({self.moving(INT, depth - 1)} & 63)"])
        if "%" in count:
            self.use("operator %")
        if "&" in count:
            self.use("operator &")
        return f"({self.moving(t, depth - 1)} {op} {count})", False

    def convert_number(self, t, depth):
        self.use("conversion of numbers")
        of = self.rnd.choice([u for u in [*(ALL[n] for n in [*INTS, *UINTS]), *self.named] if u.is_integer and
                              u.text != t.text])
        if t.kind == "float" and self.chance(0.4):
            of = FLOAT if t.text != "float64" else FLOAT32
        return f"{t.text}({self.moving(of, depth - 1)})", False

    def length(self, t, depth):
        if t.text != "int":
            return self.leaf(t, depth)
        of = self.rnd.choice([STRING, *self.some_types(("slice", "array", "map"))])
        what = self.rnd.choice(["len", "len", "cap"]) if of.kind == "array" else "len"
        if what == "cap":
            self.use("cap")
            return f"cap({self.moving(of, depth - 1)})", of.kind == "array"
        self.use("len")
        return f"len({self.moving(of, depth - 1)})", of.kind == "array"

    def some_types(self, kinds):
        return [t for scope in self.scopes for _, t in scope if t.kind in kinds]

    def indexed(self, t, depth):
        """An element of an array or of a map; both are there for every index."""
        held = [of for of in self.some_types(("array", "map")) if of.elem.text == t.text]
        if not held:
            return self.leaf(t, depth)
        of = self.rnd.choice(held)
        base = self.rnd.choice(self.variables(of) or [self.literal(of)[0]])
        if of.kind == "map":
            self.use("index of a map")
            return f"{base}[{self.expr(of.key, depth - 1)}]", False
        if of.length == 0:
            return self.leaf(t, depth)
        self.use("index of an array")
        self.use("operator %")
        return f"{base}[{self.moving(UINT, depth - 1)}%{of.length}]", False

    def field(self, t, depth):
        held = [(name, f) for scope in self.scopes for name, of in scope for f, ft in self.fields_of(of)
                if ft.text == t.text and name in self.variables(of)]
        if not held:
            return self.leaf(t, depth)
        name, f = self.rnd.choice(held)
        self.use("field")
        return f"{name}.{f}", False

    @staticmethod
    def fields_of(t):
        """Also promoted ones. A pointer is only followed where a variable of it is never nil."""
        of = t.elem if t.kind == "pointer" else t
        if of.kind != "struct":
            return []
        found = list(of.fields)
        for name, f in of.fields:
            if f.name == name and f.kind == "struct":
                found += [g for g in f.fields if g[0] not in {x[0] for x in of.fields}]
        return found

    def min_max(self, t, depth):
        if not t.is_ordered:
            return self.leaf(t, depth)
        what = self.rnd.choice(["min", "max"])
        self.use(what)
        parts = [self.moving(t, depth - 1)] + [self.both(t, depth - 1)[0] for _ in range(self.rnd.randint(1, 2))]
        return f"{what}({', '.join(parts)})", False

    def deref(self, t, depth):
        have = self.variables(pointer_to(t))
        if not have:
            return self.leaf(t, depth)
        self.use("operator * (of a pointer)")
        return f"*{self.rnd.choice(have)}", False

    def byte_of(self, t, depth):
        have = [v for v in self.variables(STRING)]
        if not have:
            return self.leaf(t, depth)
        self.use("index of a string")
        return f"(\"x\" + {self.rnd.choice(have)})[0]", False

    def method(self, t, depth):
        held = [(v, m) for of in self.named for v in self.variables(of) for m in of.methods
                if m[2].text == t.text and not m[3]]
        if not held:
            return self.leaf(t, depth)
        v, m = self.rnd.choice(held)
        args = ", ".join(self.expr(p, depth - 1) for p in m[1])
        if self.chance(0.2):
            of = next(of for of in self.named if v in self.variables(of) and m in of.methods)
            self.use("method expression")
            return f"{of.text}.{m[0]}({v}{', ' + args if args else ''})", False
        self.use("call of a method")
        return f"{v}.{m[0]}({args})", False

    # ---- strings and bools ----

    def ways_string(self, t):
        plain = [self.concat] * 3 + [self.indexed, self.field, self.min_max, self.method]
        return plain + ([self.sprint] * 3 + [self.sliced, self.from_bytes, self.from_rune] if t.text == "string" else
                        [self.convert_string])

    def concat(self, t, depth):
        self.use("operator + (of strings)")
        return f"({self.moving(t, depth - 1)} + {self.both(t, depth - 1)[0]})", False

    def sprint(self, t, depth):
        self.use("fmt.Sprint")
        of = [self.rnd.choice([INT, STRING, BOOL, FLOAT, RUNE, *self.named_shown()]) for _ in range(self.rnd.randint(1, 3))]
        return f"fmt.Sprint({', '.join(self.expr(u, depth - 1) for u in of)})", False

    def sliced(self, t, depth):
        have = self.variables(STRING)
        if not have:
            return self.leaf(t, depth)
        self.use("slice of a string")
        v = self.rnd.choice(have)
        low = f"len({v})/{self.rnd.randint(2, 4)}"
        self.use("len")
        return self.rnd.choice([f"{v}[{low}:]", f"{v}[:{low}]", f"{v}[:]", f"{v}[{low}:len({v})-{low}]"]), False

    def from_bytes(self, t, depth):
        of = self.rnd.choice([BYTE, RUNE])
        self.use(f"string of []{'byte' if of is BYTE else 'rune'}")
        name = {"uint8": "byte", "int32": "rune"}[of.text]
        items = ", ".join(str(self.rnd.choice([65, 0x7a, 0, 200, 255] if of is BYTE else [65, 0x65e5, 0xd800, -1, 0x10ffff]))
                          for _ in range(self.rnd.randint(0, 3)))
        return f"string([]{name}{{{items}}})", False

    def from_rune(self, t, depth):
        self.use("string of a rune")
        return f"string({self.moving(RUNE, depth - 1)})", False

    def convert_string(self, t, depth):
        self.use("conversion of strings")
        return f"{t.text}({self.moving(STRING, depth - 1)})", False

    def ways_bool(self, t):
        if t.text != "bool":
            return [self.convert_bool]
        return [self.compare] * 5 + [self.logic] * 3 + [self.negation, self.indexed, self.field, self.method,
                                                       self.compare_deep, self.nil_check]

    def convert_bool(self, t, depth):
        return f"{t.text}({self.moving(BOOL, depth - 1)})", False

    def compare(self, t, depth):
        of = self.rnd.choice([INT, STRING, FLOAT, BYTE, INT64, *[u for u in self.named if u.is_ordered]])
        op = self.rnd.choice(COMPARE)
        self.use("operator " + op)
        return f"({self.moving(of, depth - 1)} {op} {self.both(of, depth - 1)[0]})", False

    def compare_deep(self, t, depth):
        of = [u for u in [*self.named, ANY, BOOL, array_of(INT, 2)] if u.is_comparable and not u.is_ordered and
              u.kind != "error"]
        of = self.rnd.choice(of)
        op = self.rnd.choice(["==", "!="])
        self.use("operator " + op)
        self.use("comparison of structs, arrays, interfaces")
        left, right = self.moving(of, depth - 1), self.moving(of, depth - 1)
        return f"(({left}) {op} ({right}))", False

    def nil_check(self, t, depth):
        have = [n for scope in self.scopes for n, of in scope if of.kind in ("slice", "map", "pointer", "any", "error") and
                n in self.variables(of)]
        if not have:
            return self.leaf(t, depth)
        self.use("comparison with nil")
        return f"({self.rnd.choice(have)} {self.rnd.choice(['==', '!='])} nil)", False

    def logic(self, t, depth):
        op = self.rnd.choice(["&&", "||"])
        self.use("operator " + op)
        return f"({self.expr(t, depth - 1)} {op} {self.expr(t, depth - 1)})", False

    def negation(self, t, depth):
        self.use("operator !")
        return f"!({self.expr(t, depth - 1)})", False

    # ---- what is made of parts ----

    def ways_slice(self, t):
        return [self.literal] * 2 + [self.made_slice, self.appended, self.cut, self.field]

    def made_slice(self, t, depth):
        self.use("make of a slice")
        n = self.rnd.randint(0, 4)
        return f"make({t.text}, {n})" if self.chance(0.6) else f"make({t.text}, {n}, {n + 3})", False

    def appended(self, t, depth):
        base = self.literal(t)[0] if self.chance(0.7) else f"{t.text}(nil)"
        if self.chance(0.3):
            self.use("append with ...")
            return f"append({base}, {self.literal(t)[0]}...)", False
        self.use("append")
        return f"append({base}, {', '.join(self.expr(t.elem, depth - 1) for _ in range(self.rnd.randint(0, 3)))})", False

    def cut(self, t, depth):
        have = self.variables(t)
        if not have:
            return self.literal(t)
        v = self.rnd.choice(have)
        if self.chance(0.3):
            self.use("slice with three indexes")
            return f"{v}[:len({v})/2:len({v})]", False
        self.use("slice of a slice")
        return self.rnd.choice([f"{v}[len({v})/2:]", f"{v}[:len({v})/2]", f"{v}[:]"]), False

    def ways_array(self, t):
        return [self.literal, self.field]

    def ways_map(self, t):
        return [self.literal, self.literal, self.made_map, self.field]

    def made_map(self, t, depth):
        self.use("make of a map")
        return f"make({t.text})" if self.chance(0.7) else f"make({t.text}, {self.rnd.randint(0, 9)})", False

    def ways_struct(self, t):
        return [self.literal, self.field, self.indexed, self.deref, self.convert_struct]

    def convert_struct(self, t, depth):
        return self.literal(t, depth)

    def ways_pointer(self, t):
        return [self.literal, self.address]

    def address(self, t, depth):
        have = self.variables(t.elem)
        if not have:
            return self.literal(t, depth)
        self.use("operator & (address)")
        return f"&{self.rnd.choice(have)}", False

    def ways_any(self, t):
        return [self.literal]

    def ways_error(self, t):
        return [self.literal, self.errorf]

    def errorf(self, t, depth):
        self.use("fmt.Errorf")
        if self.variables(ERROR) and self.chance(0.5):
            return f"fmt.Errorf(\"%s: %w\", {self.expr(STRING, 0)}, {self.expr(ERROR, 0)})", False
        return f"fmt.Errorf(\"n=%d\", {self.expr(INT, depth - 1)})", False
