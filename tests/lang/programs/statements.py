"""Statements, in functions that tell what they did: `out` collects it, and the configuration shows it."""
import re

from expressions import ARITHMETIC, Expressions
from types_ import *

VERBS = {"int": ["%d", "%v", "%x", "%08d", "%+d", "%o", "%b", "%T", "%#v", "%5d|", "%-6d|", "%#x", "%X"],
         "uint": ["%d", "%v", "%x", "%T", "%#v", "%08b"],
         "float": ["%v", "%g", "%.3f", "%e", "%T", "%#v", "%8.2f|", "%+v"],
         "string": ["%s", "%q", "%v", "%x", "%T", "%#v", "%10s|", "%-10s|", "%.3s", "% x", "%+q"],
         "bool": ["%t", "%v", "%T", "%#v"]}
LOOPS_MAX = 6


class Statements(Expressions):
    """A body is a list of lines; blocks are indented when they are put together."""

    def __init__(self, rnd):
        super().__init__(rnd)
        self.lines = []
        self.indent = 1
        self.loops = []       # labels around, "" where there is none; None marks a switch
        self.loop_depth = 0
        self.result = None    # of the function that is being written
        self.named_result = None
        self.tracing = True

    # ---- writing ----

    def put(self, text):
        for line in text.split("\n"):
            self.lines.append("\t" * self.indent + line)

    def open(self, head):
        self.put(head + " {")
        self.indent += 1
        self.scopes.append([])

    def close(self, tail="}"):
        self.indent -= 1
        self.scopes.pop()
        self.put(tail)

    def other(self, head):
        """} else {, or with a condition, which does not see what the block before declared."""
        self.indent -= 1
        self.scopes.pop()
        self.put(head())
        self.indent += 1
        self.scopes.append([])

    def show(self, *parts):
        """Appends to what the function tells. Each part is text of a value and its type."""
        verbs = " ".join(self.verb(t) for _, t in parts)
        self.use("fmt.Sprintf")
        self.use("operator +=")
        self.put(f"out += fmt.Sprintf({quote(verbs + ';')}, {', '.join(text for text, _ in parts)})")

    def verb(self, t):
        if t.kind in VERBS and t.text != "time.Duration":
            return self.rnd.choice(VERBS[t.kind])
        if t.text == "time.Duration":
            return self.rnd.choice(["%v", "%d", "%s", "%T"])
        if t.kind == "error":
            return "%v"
        if t.kind == "pointer" and t.elem.kind == "struct" and t.elem.is_shown:
            return self.rnd.choice(["%v", "%+v", "%#v", "%T"])
        return self.rnd.choice(["%v", "%+v", "%#v", "%T"] if t.is_shown else ["%T"])

    def local(self, t, text, how=None):
        """A new variable, used at once so that Go does not complain."""
        name = self.fresh("v")
        how = how or self.rnd.choice([":=", ":=", "var", "var T"])
        if how == ":=":
            self.use("short declaration")
            self.put(f"{name} := {text}")
        else:
            self.use("var declaration")
            self.put(f"var {name}{' ' + t.text if how == 'var T' else ''} = {text}")
        self.use("assignment to _")
        self.put(f"_ = {name}")
        self.declare(name, t)
        return name

    def any_type(self):
        choice = [INT, INT, STRING, STRING, BOOL, FLOAT, BYTE, RUNE, DURATION, *(ALL[t] for t in [*INTS, *UINTS]), FLOAT32,
                  slice_of(INT), slice_of(STRING), array_of(INT, 3), map_of(STRING, INT), map_of(INT, STRING), ANY, ERROR,
                  *[pointer_to(n) for n in self.named if n.kind == "struct"],
                  slice_of(BYTE), array_of(slice_of(INT), 2), slice_of(slice_of(STRING)), *self.named, *self.named]
        return self.rnd.choice(choice)

    # ---- bodies ----

    def block(self, count, depth):
        for _ in range(count):
            self.statement(depth)

    def statement(self, depth):
        plain = [self.declare_var] * 3 + [self.assign] * 3 + [self.op_assign] * 2 + [self.step, self.swap, self.tell,
                 self.tell, self.declare_zero, self.declare_const, self.declare_type, self.group, self.map_write,
                 self.map_read, self.slice_write, self.copy_some, self.delete_some, self.clear_some, self.append_some,
                 self.assertion, self.pointer_work, self.closure, self.variadic, self.method_by_pointer, self.method_value,
                 self.trace, self.function_values, self.struct_copy, self.string_range, self.conversion, self.shadow]
        nested = [self.if_, self.if_, self.switch, self.switch_true, self.type_switch, self.for_clause, self.for_while,
                  self.for_ever, self.range_int, self.range_list, self.range_map, self.bare_block, self.labelled,
                  self.early_return, self.recursion]
        self.rnd.choice(plain * 2 + nested * (2 if depth > 0 else 0))(depth)

    def tell(self, depth):
        have = [(n, t) for scope in self.scopes for n, t in scope if n in self.variables(t)]
        picked = [self.rnd.choice(have) for _ in range(min(3, len(have)))]
        self.show(*picked) if picked else self.show((self.expr(INT), INT))

    def declare_var(self, depth):
        t = self.any_type()
        self.local(t, self.expr(t, 3))

    def declare_zero(self, depth):
        self.use("var without a value")
        names = [self.fresh("z") for _ in range(self.rnd.randint(1, 2))]
        t = self.rnd.choice([INT, STRING, BOOL, FLOAT, slice_of(INT), array_of(STRING, 2), *self.named])
        self.put(f"var {', '.join(names)} {t.text}")
        self.put(f"{', '.join('_' for _ in names)} = {', '.join(names)}")
        for n in names:
            self.declare(n, t)
        if t.is_shown:
            self.show((names[0], t))

    def group(self, depth):
        self.use("grouped declaration")
        a, b = self.fresh("g"), self.fresh("g")
        ta, tb = self.rnd.choice([INT, STRING, BOOL]), self.rnd.choice([FLOAT, INT, BYTE])
        self.put(f"var (\n\t{a}, {b} = {self.expr(ta)}, {self.expr(tb)}\n)")
        self.declare(a, ta)
        self.declare(b, tb)
        self.show((a, ta), (b, tb))

    def declare_const(self, depth):
        self.use("const declaration")
        name = self.fresh("c")
        t = self.rnd.choice([INT, STRING, BYTE, FLOAT])
        self.put(f"const {name} {t.text} = {self.literal(t)[0]}")
        self.show((name, t))

    def declare_type(self, depth):
        self.use("type declaration")
        name = self.fresh("L")
        t = self.rnd.choice([INT, STRING, slice_of(INT), array_of(BOOL, 2)])
        self.put(f"type {name} {t.text}")
        self.show((f"{name}({self.moving(t)})", Type(name, t.kind, t.bits, t.elem, t.key, t.fields, t.length, name)))

    def shadow(self, depth):
        have = [n for n in self.variables(INT) if n.startswith("v")]
        if not have:
            return self.declare_var(depth)
        n = self.rnd.choice(have)
        self.use("shadowed name")
        self.open("")
        self.put(f"{n} := {self.expr(STRING)} + \"!\"")
        self.declare(n, STRING)
        self.show((n, STRING))
        self.close()

    # ---- assignments ----

    def target(self, kinds=None):
        found = [(n, t) for scope in self.scopes[1:] for n, t in scope
                 if n in self.variables(t) and n[0] in "vzgp" and (not kinds or t.kind in kinds)]
        return self.rnd.choice(found) if found else None

    def assign(self, depth):
        to = self.target()
        if not to:
            return self.declare_var(depth)
        name, t = to
        self.use("assignment")
        fields = self.fields_of(t)
        if fields and self.chance(0.6):
            f, t = self.rnd.choice(fields)
            self.use("assignment to a field")
            name += "." + f
        elif t.kind == "array" and t.length and self.chance(0.6):
            name, t = f"{name}[{self.rnd.randrange(t.length)}]", t.elem
            self.use("assignment to an element")
        # In a loop a text that is doubled again and again would not end.
        self.put(f"{name} = {self.literal(t)[0] if t.kind == 'string' and self.loop_depth else self.expr(t, 2)}")

    def op_assign(self, depth):
        to = self.target(("int", "uint", "float", "string"))
        if not to:
            return self.declare_var(depth)
        name, t = to
        ops = ["+"] if t.kind == "string" else ARITHMETIC if t.is_integer else ["+", "-", "*", "/"]
        op = self.rnd.choice(ops)
        self.use(f"operator {op}=")
        right = self.literal(t)[0] if t.kind == "string" and self.loop_depth else self.expr(t)
        if op in ("/", "%") and t.is_integer:
            right = f"{self.moving(t)} | 1"
        elif op in ("<<", ">>"):
            right = f"{self.moving(UINT, 1)} % 66"
        self.put(f"{name} {op}= {right}")

    def step(self, depth):
        to = self.target(("int", "uint", "float"))
        if not to:
            return self.declare_var(depth)
        op = self.rnd.choice(["++", "--"])
        self.use("statement " + op)
        self.put(to[0] + op)

    def swap(self, depth):
        t = self.rnd.choice([INT, STRING, FLOAT])
        a, b = self.local(t, self.expr(t)), self.local(t, self.expr(t))
        self.use("assignment to several")
        self.put(f"{a}, {b} = {b}, {a}")
        xs = self.local(slice_of(INT), "[]int{1, 2, 3}", ":=")
        i = self.local(INT, "0", ":=")
        self.put(f"{i}, {xs}[{i}] = 2, {self.expr(INT, 1)}")
        self.show((a, t), (b, t), (xs, slice_of(INT)), (i, INT))

    def struct_copy(self, depth):
        structs = [t for t in self.named if t.kind == "struct" and t.fields]
        if not structs:
            return self.declare_var(depth)
        t = self.rnd.choice(structs)
        a = self.local(t, self.expr(t), ":=")
        b = self.local(t, a, ":=")
        f, ft = self.rnd.choice(t.fields)
        self.use("copy of a struct")
        self.put(f"{b}.{f} = {self.expr(ft)}")
        self.show((a, t), (b, t))
        arr = self.local(array_of(INT, 2), f"[2]int{{{self.expr(INT, 1)}, 2}}", ":=")
        other = self.local(array_of(INT, 2), arr, ":=")
        self.put(f"{other}[1]++")
        self.show((arr, array_of(INT, 2)), (other, array_of(INT, 2)))

    # ---- slices, maps, strings ----

    def slice_write(self, depth):
        t = slice_of(self.rnd.choice([INT, STRING, BYTE]))
        a = self.local(t, self.literal_slice(Type(t.text, "slice", elem=t.elem), 1)[0], ":=")
        b = self.local(t, f"{a}[:1]", ":=")
        self.use("slices that share memory")
        self.put(f"{b}[0] = {self.expr(t.elem, 1)}")
        if self.chance(0.5):
            self.use("append")
            self.use("slice with three indexes")
            self.put(f"{b} = append({a}[:0:0], {self.expr(t.elem, 1)})")
            self.put(f"{b}[0] = {self.expr(t.elem, 1)}")
        elif self.chance(0.5):
            self.use("append")
            self.put(f"{a} = append({a}[:0], {a}[len({a})/2:]...)")
        self.show((a, t), (b, t), (f"len({a})", INT))

    def map_write(self, depth):
        t = self.rnd.choice([map_of(STRING, INT), map_of(INT, STRING), map_of(BOOL, FLOAT), map_of(STRING, slice_of(INT))])
        m = self.local(t, self.rnd.choice([f"{t.text}{{}}", f"make({t.text})"]), ":=")
        self.use("assignment to a map")
        for _ in range(self.rnd.randint(1, 3)):
            self.put(f"{m}[{self.expr(t.key, 1)}] = {self.expr(t.elem, 1)}")
        if t.elem.is_number:
            self.put(f"{m}[{self.expr(t.key, 0)}] += {self.expr(t.elem, 0)}")
        self.show((m, t), (f"len({m})", INT))

    def map_read(self, depth):
        t = self.rnd.choice([map_of(STRING, INT), map_of(INT, STRING)])
        m = self.local(t, self.expr(t), ":=")
        v, ok = self.fresh("v"), self.fresh("v")
        self.use("v, ok of a map")
        self.put(f"{v}, {ok} := {m}[{self.expr(t.key, 1)}]")
        self.declare(v, t.elem)
        self.declare(ok, BOOL)
        self.show((v, t.elem), (ok, BOOL))

    def copy_some(self, depth):
        self.use("copy")
        a = self.local(slice_of(INT), "[]int{1, 2, 3, 4, 5}", ":=")
        n = self.local(INT, self.rnd.choice([f"copy({a}[1:], {a})", f"copy({a}, {a}[2:])", f"copy({a}, []int{{9}})"]), ":=")
        bytes_ = self.local(slice_of(BYTE), "make([]byte, 4)", ":=")
        self.put(f"{n} += copy({bytes_}, {self.expr(STRING, 1)})")
        self.show((a, slice_of(INT)), (n, INT), (bytes_, slice_of(BYTE)))

    def delete_some(self, depth):
        self.use("delete")
        m = self.local(map_of(STRING, INT), 'map[string]int{"a": 1, "b": 2, "web": 3}', ":=")
        self.put(f"delete({m}, {self.expr(STRING, 1)})\ndelete({m}, \"a\")")
        self.show((m, map_of(STRING, INT)))

    def clear_some(self, depth):
        self.use("clear")
        m = self.local(map_of(STRING, INT), 'map[string]int{"a": 1}', ":=")
        a = self.local(slice_of(INT), "[]int{1, 2}", ":=")
        b = self.local(slice_of(INT), f"{a}[:1]", ":=")
        self.put(f"clear({m})\nclear({self.rnd.choice([a, b])})")
        self.show((m, map_of(STRING, INT)), (a, slice_of(INT)))

    def append_some(self, depth):
        t = slice_of(self.rnd.choice([INT, STRING, *self.named_shown()]))
        a = self.fresh("v")
        self.put(f"var {a} {t.text}")
        self.declare(a, t)
        self.use("append")
        self.put(f"for i := range {self.rnd.randint(1, 5)} {{\n\t{a} = append({a}, {self.expr(t.elem, 1)})\n\t_ = i\n}}")
        self.use("range over a number")
        self.show((a, t), (f"len({a})", INT))

    def conversion(self, depth):
        s = self.local(STRING, self.moving(STRING), ":=")
        self.use("[]byte and []rune of a string")
        b, r = self.local(slice_of(BYTE), f"[]byte({s})", ":="), self.local(slice_of(RUNE), f"[]rune({s})", ":=")
        self.put(f"if len({b}) > 0 {{\n\t{b}[0] = 'X'\n}}")
        self.show((s, STRING), (f"string({b})", STRING), (f"string({r})", STRING), (f"len({r})", INT))
        if self.chance(0.4):
            self.use("slice converted to an array")
            self.show((f"[2]int([]int{{{self.expr(INT, 1)}, 2, 3}}[:2])", array_of(INT, 2)))

    def string_range(self, depth):
        self.use("range over a string")
        s = self.local(STRING, self.moving(STRING), ":=")
        i, c = self.fresh("v"), self.fresh("v")
        self.open(f"for {i}, {c} := range {s}")
        self.declare(i, INT)
        self.declare(c, RUNE)
        self.show((i, INT), (c, RUNE))
        self.close()

    # ---- any, pointers, functions ----

    def assertion(self, depth):
        of = self.rnd.choice([INT, STRING, FLOAT, BOOL, *self.named_shown()])
        x = self.local(ANY, self.expr(ANY), ":=")
        v, ok = self.fresh("v"), self.fresh("v")
        self.use("type assertion")
        self.put(f"{v}, {ok} := {x}.({of.text})")
        self.declare(v, of)
        self.declare(ok, BOOL)
        self.show((v, of), (ok, BOOL), (x, ANY))

    def pointer_work(self, depth):
        t = self.rnd.choice([INT, STRING, *[n for n in self.named if n.kind == "struct"]])
        a = self.local(t, self.expr(t), ":=")
        p = self.local(pointer_to(t), f"&{a}", ":=")
        self.use("operator & (address)")
        self.use("assignment through a pointer")
        self.use("operator * (of a pointer)")
        self.put(f"*{p} = {self.expr(t, 1)}")
        q = self.local(pointer_to(t), f"new({t.text})", ":=")
        self.use("new")
        self.put(f"*{q} = *{p}")
        if t.is_shown:
            self.show((a, t), (f"*{q}", t), (f"{p} == {q}", BOOL))

    def closure(self, depth):
        self.use("closure")
        n = self.local(INT, self.expr(INT, 1), ":=")
        f = self.fresh("f")
        self.put(f"{f} := func(d int) int {{\n\t{n} += d\n\treturn {n} * 2\n}}")
        v, w = self.fresh("v"), self.fresh("v")
        self.put(f"{v} := {f}({self.expr(INT, 1)})\n{w} := {f}(1)")
        self.declare(v, INT)
        self.declare(w, INT)
        self.show((v, INT), (w, INT), (n, INT))

    def function_values(self, depth):
        self.use("functions as values")
        fs, i = self.fresh("f"), self.fresh("i")
        self.put(f"var {fs} []func(string) string")
        self.put(f"for {i} := 0; {i} < 3; {i}++ {{\n\t{fs} = append({fs}, func(s string) string {{\n\t\t{i} += 10\n"
                 f"\t\treturn fmt.Sprint(s, {i})\n\t}})\n}}")
        self.put(f"for _, f := range {fs} {{\n\tout += f(\",\") + f(\";\")\n}}")
        self.use("range over a slice")

    def variadic(self, depth):
        self.use("variadic function")
        name = self.helper("total", "func total(base int, more ...int) (sum, count int) {\n\tsum = base\n"
                                    "\tfor _, m := range more {\n\t\tsum += m\n\t\tcount++\n\t}\n\treturn\n}\n")
        a, b = self.fresh("v"), self.fresh("v")
        if self.chance(0.4):
            self.use("argument with ...")
            args = f"{self.expr(INT, 1)}, {self.expr(slice_of(INT), 1)}..."
        else:
            args = ", ".join(self.expr(INT, 1) for _ in range(self.rnd.randint(1, 4)))
        self.use("several results")
        self.use("bare return")
        self.put(f"{a}, {b} := {name}({args})")
        self.declare(a, INT)
        self.declare(b, INT)
        self.show((a, INT), (b, INT))
        if self.chance(0.3):
            self.helper("pair", "func pair() (int, int) {\n\treturn 3, 4\n}\n")
            self.use("results as arguments")
            self.put(f"{a}, {b} = {name}(pair())")
            self.show((a, INT), (b, INT))

    def method_by_pointer(self, depth):
        held = [(t, m) for t in self.named for m in t.methods if m[3]]
        if not held:
            return self.declare_var(depth)
        t, m = self.rnd.choice(held)
        a = self.local(t, self.expr(t), ":=")
        v = self.fresh("v")
        self.use("method with a pointer receiver")
        self.put(f"{v} := {a}.{m[0]}({', '.join(self.expr(p, 1) for p in m[1])})")
        self.declare(v, m[2])
        self.show((v, m[2]), *([(a, t)] if t.is_shown else []))

    def method_value(self, depth):
        held = [(t, m) for t in self.named for m in t.methods]
        if not held:
            return self.declare_var(depth)
        t, m = self.rnd.choice(held)
        a, f, v = self.local(t, self.expr(t), ":="), self.fresh("f"), self.fresh("v")
        self.use("method value")
        self.put(f"{f} := {a}.{m[0]}")
        if t.is_integer:
            self.put(f"{a}++")
        self.put(f"{v} := {f}({', '.join(self.expr(p, 1) for p in m[1])})")
        self.declare(v, m[2])
        self.show((v, m[2]), *([(a, t)] if t.is_shown else []))

    def trace(self, depth):
        """Calls are made from left to right."""
        if not self.tracing:
            return self.declare_var(depth)
        self.use("order of calls")
        t = self.helper("mark", "func mark(v int) int {\n\tmarks = append(marks, v)\n\treturn v\n}\n\nvar marks []int\n")
        n = [self.rnd.randint(0, 99) for _ in range(4)]
        self.pure += 1
        self.put(f"out += fmt.Sprint({t}({n[0]})+{t}({n[1]})*{t}({n[2]}), []int{{{t}({n[3]}), {t}(1)}}, "
                 f"{t}(0) > 0 && {t}(7) > 0, map[int]int{{{t}(5): {t}(6)}}[{t}(5)])")
        self.pure -= 1
        self.use("operator &&")

    # ---- branches and loops ----

    def body(self, depth, most=3):
        self.block(self.rnd.randint(1, most), depth - 1)

    def if_(self, depth):
        self.use("statement if")
        if self.chance(0.3):
            self.use("if with a statement")
            v = self.fresh("v")
            self.open(f"if {v} := {self.expr(INT)}; {v} > ({self.expr(INT, 1)})")
        else:
            self.open(f"if ({self.expr(BOOL, 3)})")
        self.body(depth)
        if self.chance(0.4):
            self.use("else if")
            self.other(lambda: f"}} else if ({self.expr(BOOL)}) {{")
            self.body(depth, 2)
        if self.chance(0.5):
            self.use("else")
            self.other(lambda: "} else {")
            self.body(depth, 2)
        self.close()

    def switch(self, depth):
        self.use("statement switch")
        t = self.rnd.choice([INT, STRING, BYTE])
        cases = sorted({self.rnd.choice(["a", "b", "ab", "web", "db", ""]) if t is STRING else self.rnd.randint(0, 9)
                        for _ in range(4)})
        shown = [quote(c) if t is STRING else str(c) for c in cases]
        tag = self.moving(t) if t is STRING else f"({self.moving(t)}) % 5"
        if self.chance(0.3):
            self.use("switch with a statement")
            tag = f"n := {tag}; n"
        self.put(f"switch {tag} {{" if "{" not in tag or ";" in tag else f"switch ({tag}) {{")
        self.loops.append(None)
        while shown:
            self.use("case with several values" if len(shown) > 1 else "case")
            head = ", ".join(shown[:2])
            shown = shown[2:]
            self.arm(f"case {head}:", depth, fall=bool(shown))
        if self.chance(0.7):
            self.use("default")
            self.arm("default:", depth)
        self.loops.pop()
        self.put("}")

    def arm(self, head, depth, fall=False):
        self.put(head)
        self.indent += 1
        self.scopes.append([])
        self.body(depth, 2)
        if self.chance(0.15):
            self.use("statement break")
            self.put("break")
        elif fall and self.chance(0.3):
            self.use("statement fallthrough")
            self.put("fallthrough")
        self.scopes.pop()
        self.indent -= 1

    def switch_true(self, depth):
        self.use("switch without a value")
        self.put("switch {")
        self.loops.append(None)
        for _ in range(2):
            self.arm(f"case ({self.expr(BOOL)}):", depth, fall=True)
        self.arm("default:", depth)
        self.loops.pop()
        self.put("}")

    def type_switch(self, depth):
        self.use("type switch")
        x = self.local(ANY, self.expr(ANY), ":=")
        v = self.fresh("v")
        self.put(f"switch {v} := {x}.(type) {{")
        self.loops.append(None)
        kinds = [INT, STRING, BOOL, FLOAT, *self.named_shown()[:2]]
        self.rnd.shuffle(kinds)
        for t in kinds[:3]:
            self.put(f"case {t.text}:")
            self.indent += 1
            self.scopes.append([(v, t)])
            self.show((v, t))
            self.body(depth, 1)
            self.scopes.pop()
            self.indent -= 1
        self.put(f"case nil:\n\tout += \"nil\"\ncase uint8, rune:\n\tout += fmt.Sprint({v})\ndefault:\n\tout += \"other\"")
        self.loops.pop()
        self.put("}")

    def loop(self, head, label, depth, declared=()):
        if label:
            self.indent -= 1
            self.put(label + ":")
            self.indent += 1
        self.open(head)
        for name, t in declared:
            self.put(f"_ = {name}")
            self.declare(name, t)
        self.loops.append(label or "")
        self.loop_depth += 1
        self.body(depth if self.loop_depth < 3 else 0, 2)
        if self.chance(0.35):
            self.leave()
        self.loop_depth -= 1
        self.loops.pop()
        self.close()

    def leave(self):
        word = self.rnd.choice(["break", "continue"])
        around = [x for x in self.loops if x is not None]
        labels = [x for x in around if x]
        if labels and self.chance(0.6):
            self.use(f"labelled {word}")
            word += " " + self.rnd.choice(labels)
        else:
            self.use(f"statement {word}")
        self.put(f"if ({self.expr(BOOL, 1)}) {{\n\t{word}\n}}")

    def for_clause(self, depth, label=None):
        self.use("statement for")
        i = self.fresh("i")
        self.loop(f"for {i} := 0; {i} < {self.rnd.randint(1, LOOPS_MAX)}; {i}++", label, depth, [(i, INT)])

    def for_while(self, depth, label=None):
        self.use("for with a condition")
        n = self.fresh("n")
        self.put(f"{n} := {self.rnd.randint(1, LOOPS_MAX)}")
        if label:
            self.indent -= 1
            self.put(label + ":")
            self.indent += 1
        self.open(f"for {n} > 0")
        self.put(f"{n}--")
        self.use("statement --")
        self.loops.append(label or "")
        self.loop_depth += 1
        self.body(depth if self.loop_depth < 3 else 0, 2)
        if self.chance(0.4):
            self.leave()
        self.loop_depth -= 1
        self.loops.pop()
        self.close()

    def for_ever(self, depth):
        self.use("for without a condition")
        n = self.fresh("n")
        self.put(f"{n} := 0")
        self.open("for")
        self.put(f"{n}++\nif {n} > {self.rnd.randint(1, LOOPS_MAX)} {{\n\tbreak\n}}")
        self.use("statement break")
        self.loops.append("")
        self.loop_depth += 1
        self.body(depth if self.loop_depth < 3 else 0, 2)
        self.loop_depth -= 1
        self.loops.pop()
        self.close()

    def range_int(self, depth, label=None):
        self.use("range over a number")
        i = self.fresh("i")
        head = self.rnd.choice([f"for {i} := range {self.rnd.randint(0, LOOPS_MAX)}", f"for range {self.rnd.randint(0, 4)}",
                                f"for {i} := range len({self.moving(STRING, 1)}) & 3"])
        self.loop(head, label, depth, [(i, INT)] if i in head else [])

    def range_list(self, depth, label=None):
        self.use("range over a slice")
        t = self.rnd.choice([slice_of(INT), slice_of(STRING), array_of(INT, 3)])
        i, v = self.fresh("i"), self.fresh("v")
        of = self.expr(t)
        if t.kind == "array":
            self.use("range over an array")
        head = self.rnd.choice([f"for {i}, {v} := range ({of})", f"for _, {v} := range ({of})", f"for {i} := range ({of})"])
        self.loop(head, label, depth, [(n, u) for n, u in ((i, INT), (v, t.elem)) if n in head.split(":=")[0]])

    def range_map(self, depth):
        """In an order that does not matter."""
        self.use("range over a map")
        t = map_of(STRING, INT)
        m = self.local(t, self.expr(t), ":=")
        keys, sum_ = self.fresh("v"), self.fresh("v")
        self.put(f"var {keys} []string\n{sum_} := 0\nfor k, v := range {m} {{\n\t{keys} = append({keys}, k)\n"
                 f"\t{sum_} += v\n}}\nsort.Strings({keys})")
        self.use("sort.Strings")
        self.declare(sum_, INT)
        self.show((keys, slice_of(STRING)), (sum_, INT))

    def labelled(self, depth):
        label = self.fresh("Loop")
        before = len(self.lines)
        self.rnd.choice([self.for_clause, self.range_int, self.range_list, self.for_while])(depth, label)
        if not any(re.search(rf"(break|continue) {label}$", line) for line in self.lines[before:]):
            at = next(i for i, line in enumerate(self.lines[before:], before) if line.strip() == label + ":")
            self.lines[at:at + 1] = []  # a label that nobody uses is refused

    def bare_block(self, depth):
        self.use("block")
        self.open("")
        self.body(depth)
        self.close()

    def early_return(self, depth):
        self.use("statement return")
        if self.named_result:
            self.use("bare return")
            self.put(f"if ({self.expr(BOOL, 2)}) {{\n\treturn\n}}")
        else:
            self.put(f"if ({self.expr(BOOL, 2)}) {{\n\treturn {self.result}\n}}")

    def recursion(self, depth):
        self.use("recursion")
        self.helper("fib", "func fib(n int) int {\n\tif n < 2 {\n\t\treturn n\n\t}\n\treturn fib(n-1) + fib(n-2)\n}\n")
        self.show((f"fib(len({self.moving(STRING, 1)}) % 8)", INT))
