"""One program: declarations in any order, in one file or several, and a configuration that shows what they come to."""
import random

from library import FUNCTIONS, Library
from shrink import with_imports
from scenes import Scenes
from statements import Statements
from types_ import *

STATES = ["Healthy", "Maintenance"]


class Program(Library, Scenes, Statements):
    """`files` has the text of each by name; `text` is all in one. Of equal seed and number they are the same."""

    def __init__(self, seed, number):
        super().__init__(random.Random(f"{seed}/{number}"))
        self.number = number
        self.decls = []
        self.probes = []
        self.write()

    def decl(self, text):
        self.decls.append(text.rstrip("\n") + "\n")

    def write(self):
        for _ in range(self.rnd.randint(1, 3)):
            self.const_group()
        for _ in range(self.rnd.randint(2, 4)):
            self.named_type()
        for _ in range(self.rnd.randint(2, 5)):
            self.global_var()
        for _ in range(self.rnd.randint(1, 3)):
            self.pure_function()
        for t in self.named:
            self.method_of(t)
        for _ in range(self.rnd.randint(2, 3)):
            self.probe()
        self.library_probe()
        if self.chance(0.3):
            self.init_function()
        self.config()
        self.put_together()

    def put_together(self):
        self.decls += self.helpers.values()
        first = [d for d in self.decls if d.startswith("const team")]
        rest = [d for d in self.decls if not d.startswith("const team")]
        self.rnd.shuffle(rest)
        self.text = with_imports("\n".join(first + rest))
        self.files = {"ops.go": self.text}
        if self.number % 3 == 0:
            self.use("package of several files")
            cuts = sorted(self.rnd.sample(range(1, len(rest)), 2))
            parts = [first + rest[:cuts[0]], rest[cuts[0]:cuts[1]], rest[cuts[1]:]]
            self.files = {f"{name}.go": with_imports("\n".join(part)) for name, part in zip("abc", parts)}

    # ---- constants ----

    def const_value(self, depth):
        """Text and value of an exact, untyped whole number."""
        if depth == 0 or self.chance(0.25):
            v = self.rnd.choice([0, 1, 2, 7, 10, 255, 1 << 20, 1 << 63, 10 ** 30, self.rnd.randint(0, 999)])
            return int_literal(self.rnd, v) if v < 1 << 62 else str(v), v
        (a, x), (b, y) = self.const_value(depth - 1), self.const_value(depth - 1)
        op = self.rnd.choice(["+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "&^"])
        if op in "/%" and y == 0:
            op = "+"
        if op in ("<<", ">>"):
            b, y = (str(y % 90),) * 2
            y = int(y)
        results = {"+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "&": lambda: x & y, "|": lambda: x | y,
                   "^": lambda: x ^ y, "&^": lambda: x & ~y, "<<": lambda: x << y, ">>": lambda: x >> y,
                   "/": lambda: abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1),
                   "%": lambda: abs(x) % abs(y) * (-1 if x < 0 else 1)}
        v = results[op]()
        if abs(v) >= 1 << 400:
            return a, x
        self.use("operator " + op)
        self.use("operator of constants")
        return f"({a} {op} {b})", v

    def const_group(self):
        self.use("const declaration")
        kind = self.rnd.randrange(3)
        if kind == 0:
            self.iota_group()
            return
        name = self.fresh("C")
        if kind == 1:
            text, v = self.const_value(3)
            self.decl(f"const {name} = {text}")
            self.constants.append((f"int({name} % 1000)", INT))
            if ALL["int16"].low <= v <= ALL["int16"].high:
                self.constants.append((name, ALL["int64"]))
                self.constants[-1] = (f"int64({name})", INT64)
            return
        t = self.rnd.choice([INT, STRING, FLOAT, BYTE, BOOL, DURATION])
        self.decl(f"const {name} {t.text} = {self.literal(t)[0]}")
        self.constants.append((name, t))

    def iota_group(self):
        self.use("iota")
        form = self.rnd.choice(["1 << iota", "iota * 10", "iota + 5", "1 << (10 * iota)", "iota*iota - 3", "-iota"])
        names = [self.fresh("I") for _ in range(self.rnd.randint(2, 5))]
        lines = [f"\t{names[0]} = {form}"] + ["\t" + n for n in names[1:]]
        if self.chance(0.4):
            lines.insert(1, "\t_")
        if self.chance(0.3):
            lines.append(f"\t{names[0]}s, {names[-1]}t = iota, \"x\"")
        self.decl("const (\n" + "\n".join(lines) + "\n)")
        self.constants += [(n, INT) for n in names]
        self.constants = [(f"int({n})" if t is INT and n in names else n, t) for n, t in self.constants]

    # ---- types ----

    def named_type(self):
        self.use("type declaration")
        name = self.fresh("T")
        kind = self.rnd.choice(["int", "string", "struct", "struct", "slice", "map", "array", "float", "bool"])
        parts = [INT, STRING, BOOL, FLOAT, BYTE, INT64, slice_of(INT), array_of(STRING, 2), map_of(STRING, INT), DURATION,
                 *self.named]
        if kind == "int":
            under = ALL[self.rnd.choice([*INTS, *UINTS])]
        elif kind in ("string", "bool"):
            under = ALL[kind]
        elif kind == "float":
            under = FLOAT
        elif kind == "slice":
            under = slice_of(self.rnd.choice(parts))
        elif kind == "array":
            under = array_of(self.rnd.choice(parts), self.rnd.randint(1, 3))
        elif kind == "map":
            keys = [STRING, INT, *[t for t in self.named if t.is_basic and t.kind != "float"]]
            under = map_of(self.rnd.choice(keys), self.rnd.choice(parts))
        else:
            return self.struct_type(name, parts)
        self.decl(f"type {name} {under.text}" if self.chance(0.9) else f"type (\n\t{name} {under.text}\n)")
        self.named.append(Type(name, under.kind, under.bits, under.elem, under.key, under.fields, under.length, name))

    def struct_type(self, name, parts):
        fields, lines = [], []
        for i in range(self.rnd.randint(1, 4)):
            t = self.rnd.choice(parts)
            field = f"F{i}"
            if t.name and t.name != "time.Duration" and self.chance(0.4) and t.name not in {f for f, _ in fields}:
                self.use("embedded type")
                fields.append((t.name, t))
                lines.append(f"\t{t.name}")
                continue
            fields.append((field, t))
            lines.append(f"\t{field} {t.text}" + (' `json:"x"`' if self.chance(0.1) else ""))
        # A name that two embedded types promote is ambiguous: then none is embedded.
        promoted = [g for n, f in fields if f.name == n and f.kind == "struct" for g, _ in f.fields]
        methods = [m[0] for n, f in fields if f.name == n for m in f.methods]
        if len(set(promoted)) < len(promoted) or len(set(methods)) < len(methods):
            fields = [(f"F{i}", t) for i, (_, t) in enumerate(fields)]
            lines = [f"\t{n} {t.text}" for n, t in fields]
        if any(lines[i].count(" ") == 0 for i in range(len(lines))) and len(set(n for n, _ in fields)) < len(fields):
            fields = [(f"F{i}", t) for i, (_, t) in enumerate(fields)]
            lines = [f"\t{n} {t.text}" for n, t in fields]
        self.decl(f"type {name} struct {{\n" + "\n".join(lines) + "\n}")
        self.named.append(Type(name, "struct", fields=fields, name=name))

    # ---- variables and functions ----

    def global_var(self):
        self.use("package variable")
        name = self.fresh("g")
        t = self.any_type()
        saved, self.tracing = self.tracing, False
        self.pure += 1
        self.decl(f"var {name}{' ' + t.text if self.chance(0.6) or t.kind in ('any', 'error') else ''} = {self.expr(t, 3)}")
        self.pure -= 1
        self.tracing = saved
        self.scopes[0].append((name, t))

    def function(self, name, params, result, body, receiver=""):
        """Writes one; `body` writes its statements and returns the text of its result."""
        lines, self.lines = self.lines, []
        self.scopes.append([(n, t) for n, t in params])
        self.open_results(result)
        returned = body()
        if not self.named_result or self.chance(0.5):
            self.put(f"return {returned}")
        else:
            self.put(f"{self.named_result} = {returned}\nreturn")
        self.scopes.pop()
        head = f"func {receiver}{name}({', '.join(f'{n} {t.text}' for n, t in params)}) "
        head += f"({self.named_result} {result.text})" if self.named_result else result.text
        text = head + " {\n" + "\n".join(self.lines) + "\n}"
        self.lines = lines
        self.named_result = None
        return text

    def open_results(self, result):
        self.named_result = self.result if self.result == "out" and self.chance(0.4) else None

    def pure_function(self):
        """Changes nothing outside, so that it may stand anywhere in an expression."""
        self.use("function declaration")
        name = self.fresh("fn")
        params = [(self.fresh("p"), self.any_type()) for _ in range(self.rnd.randint(0, 3))]
        params = [(n, t) for n, t in params if t.kind not in ("map", "slice") or t.name is None]
        result = self.any_type()
        self.result = None
        pure_scopes, self.scopes = self.scopes, [self.scopes[0]]
        self.pure += 1

        def body():
            v = self.expr(result, 3)
            if self.chance(0.5):
                self.put(f"if ({self.expr(BOOL, 2)}) {{\n\treturn {v}\n}}")
                self.use("statement if")
                self.use("statement return")
            return self.expr(result, 2)
        text = self.function(name, params, result, body)
        self.pure -= 1
        self.scopes = pure_scopes
        self.decl(text)
        self.functions.append((name, [t for _, t in params], result))

    def method_of(self, t):
        for _ in range(self.rnd.randint(0, 2)):
            self.use("method declaration")
            name = self.fresh("M")
            params = [(self.fresh("p"), self.rnd.choice([INT, STRING, BOOL]))] if self.chance(0.5) else []
            result = self.rnd.choice([INT, STRING, BOOL, FLOAT])
            pointer = self.chance(0.4)
            self.pure += 1
            self.result = None

            def body():
                self.declare("m", t)
                if pointer and t.is_integer:
                    self.put("*m += 1")
                elif pointer and t.kind == "struct" and t.fields:
                    f, ft = self.rnd.choice(t.fields)
                    self.put(f"m.{f} = {self.expr(ft, 1)}")
                if pointer:
                    self.scopes[-1] = [s for s in self.scopes[-1] if s[0] != "m"]
                return self.expr(result, 2)
            text = self.function(name, params, result, body, f"(m {'*' if pointer else ''}{t.text}) ")
            self.pure -= 1
            self.decl(text)
            t.methods.append((name, [p for _, p in params], result, pointer))

    def probe(self):
        """A function that runs statements and tells what came of them."""
        name = self.fresh("probe")
        self.result = "out"

        def body():
            if not self.named_result:
                self.put('out := ""')
            self.local(INT, self.expr(INT), ":=")
            self.local(STRING, self.expr(STRING), ":=")
            self.scene(0)
            self.block(self.rnd.randint(4, 8), 3)
            self.put('out += ""')
            return "out"
        self.decl(self.function(name, [], STRING, body))
        self.probes.append(name)

    def library_probe(self):
        name = self.fresh("probe")
        self.result = "out"
        calls = [FUNCTIONS[(self.number * 5 + i) % len(FUNCTIONS)] for i in range(5)]

        def body():
            if not self.named_result:
                self.put('out := ""')
            self.local(INT, self.expr(INT), ":=")
            self.local(STRING, self.expr(STRING), ":=")
            for f in calls:
                self.library_call(f)
            return "out"
        self.decl(self.function(name, [], STRING, body))
        self.probes.append(name)

    def init_function(self):
        self.use("func init")
        self.decl(f"var started = {self.rnd.randint(0, 9)}\n\nfunc init() {{\n\tstarted += 100\n\tConfig.Log.Level = \"info\"\n}}")

    # ---- the configuration ----

    def config(self):
        self.decl('const team = "payments"')
        labels = ", ".join(f'"{p}": {p}()' for p in self.probes)
        assets = [f'{{Name: "first", Owner: team, Labels: map[string]string{{{labels}}}}}']
        names = ["first"]
        for i in range(self.rnd.randint(0, 3)):
            name = f"asset-{i}"
            parts = [f'Name: fmt.Sprintf("asset-%d", {i})']
            if self.chance(0.5):
                parts.append(f"Labels: map[string]string{{\"v\": {self.expr(STRING, 2)}}}")
            if self.chance(0.4):
                parts.append(f"DependsOn: []string{{{', '.join(quote(n) for n in self.rnd.sample(names, 1))}}}")
            if self.chance(0.4):
                parts.append(f"Settle: time.Duration(({self.moving(UINT, 1)})%100 + 1) * time.Second")
            if self.chance(0.3):
                parts.append(f'DesiredHealth: "{self.rnd.choice(STATES)}"')
            if self.chance(0.2):
                parts.append(f"Blast: &firebreak.Blast{{Percent: {self.rnd.randint(1, 100)}}}")
            assets.append("{" + ", ".join(parts) + "}")
            names.append(name)
        self.decl("var Config = firebreak.Config{\n" + self.config_parts(assets, names) + "}")

    def config_parts(self, assets, names):
        rows = ",\n\t\t".join(assets)
        text = f"\tAssets: []firebreak.Asset{{\n\t\t{rows},\n\t}},\n"
        if self.chance(0.4):
            self.helper("more", "func more(n int) []firebreak.Asset {\n\tvar out []firebreak.Asset\n\tfor i := range n {\n"
                        "\t\tout = append(out, firebreak.Asset{Name: fmt.Sprint(\"more-\", i)})\n\t}\n\treturn out\n}\n")
            text = f"\tAssets: append(more({self.rnd.randint(0, 4)}), []firebreak.Asset{{\n\t\t{rows},\n\t}}...),\n"
        checks = [self.check(i, names) for i in range(self.rnd.randint(0, 3))]
        if checks:
            text += "\tChecks: []firebreak.Check{\n\t\t" + ",\n\t\t".join(checks) + ",\n\t},\n"
        if self.chance(0.2):
            text += "\tSLOs: []firebreak.SLO{},\n"
        return text

    def check(self, i, names):
        parts = [f'Name: "check-{i}"', f"Asset: {quote(self.rnd.choice(names))}"]
        kinds = ['TCP: &firebreak.TCP{Target: "127.0.0.1:5432"}',
                 'HTTP: &firebreak.HTTP{URL: "http://h/?a=1&b=<2>", Status: []string{"2xx", "301"}, Header: '
                 f'map[string]string{{"X-A": {self.expr(STRING, 0)} + "v", "x-b": "1"}}}}',
                 f"Exec: &firebreak.Exec{{Argv: []string{{\"true\", {self.expr(STRING, 1)}}}}}",
                 f"Heartbeat: &firebreak.Heartbeat{{Within: {self.rnd.randint(1, 90)} * time.Minute}}"]
        parts.append(self.rnd.choice(kinds))
        if self.chance(0.5):
            parts.append(f"Every: {self.rnd.randint(1, 90)} * time.{self.rnd.choice(['Second', 'Minute'])}")
        if self.chance(0.4):
            parts.append(f"Fail: int(({self.moving(UINT, 1)})%1000) + 1")
        if self.chance(0.4):
            parts.append(f"Retries: firebreak.Int(int(({self.moving(BYTE, 1)}) % 10))")
            self.use("firebreak.Int")
        if self.chance(0.2):
            parts.append('Severity: "degraded"')
        self.rnd.shuffle(parts)
        return "{" + ", ".join(parts) + "}"
