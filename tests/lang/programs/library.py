"""Calls of the listed functions: by their signatures, with arguments that say something, and by hand where generic."""
import golib
from types_ import *

LETTERS = {"b": BOOL, "i": INT, "j": INT64, "u": UINT64, "f": FLOAT, "g": FLOAT32, "s": STRING, "r": RUNE, "y": BYTE,
           "v": UINT32, "d": DURATION, "e": ERROR, "a": ANY, "S": slice_of(STRING), "Y": slice_of(BYTE)}

NUMBERS = ['"42"', '"-7"', '"0x1f"', '"0b101"', '"017"', '"1_000"', '"9223372036854775808"', '"3.25"', '"1e-3"', '"inf"',
           '"NaN"', '"abc"', '""', '"300"', '"+5"', '"0x1p-2"', '"1e400"']
TIMES = ['"1h15m30.918s"', '"300ms"', '"-1.5h"', '"2us"', '"1"', '"x"', '"1d"', '".5s"', '"0"', '""']
PATTERNS = ['"a*"', '"a/[b-d]"', '"*/x"', '"["', '"?b"', '"[^a]*"', '"a\\\\*"', '""']
PATHS = ['"a/b"', '"/a/../b"', '"a//b/."', '""', '"/"', '"ab.go"', '"a/b.tar.gz"', '"../x"']
QUOTED = ['"\\"a\\""', '"`raw`"', '"\'x\'"', '"\\"\\\\n\\""', '"\\"bad"', '"\'ab\'"', '"\\"\\\\u65e5\\""']
CHARS = ['"\\\\n rest"', '"\\\\x41b"', '"plain"', '"\\\\u00e9"', '"\\\\"', '""', '"\\\\101"', '"\\""']
PLAIN_WORDS = ['""', '"a"', '"b"', '"ab"', '"abc"', '"a,b,c"', '"Hello, World"', '"aXbXc"', '"  sp  "', '"日本語"', '"naïve"',
               '"ß ſ K"', '"aaaa"', '"key=value"', '"\\xff\\xfea"', '","', '"X"', '"="', '" "']

# By function and parameter: what is drawn instead of any value of the type.
ARGUMENTS = {
    "strconv.Atoi": [NUMBERS], "strconv.ParseFloat": [NUMBERS, ["64", "32"]],
    "strconv.ParseInt": [NUMBERS, ["0", "10", "16", "2", "36"], ["0", "8", "16", "32", "64"]],
    "strconv.ParseUint": [NUMBERS, ["0", "10", "16", "2"], ["0", "8", "16", "32", "64"]],
    "strconv.ParseBool": [['"true"', '"T"', '"0"', '"no"', '"FALSE"', '"1"']],
    "strconv.FormatInt": [None, ["2", "8", "10", "16", "36", "7"]], "strconv.FormatUint": [None, ["2", "10", "16", "36"]],
    "strconv.FormatFloat": [None, ["'f'", "'e'", "'g'", "'b'", "'x'", "'E'", "'G'"], ["-1", "0", "3", "10"], ["64", "32"]],
    "strconv.Unquote": [QUOTED], "strconv.UnquoteChar": [CHARS, ["'\"'", "'\\''", "0"]],
    "time.ParseDuration": [TIMES], "path.Match": [PATTERNS, PATHS],
    "path.Base": [PATHS], "path.Clean": [PATHS], "path.Dir": [PATHS], "path.Ext": [PATHS], "path.IsAbs": [PATHS],
    "path.Join": [PATHS], "path.Split": [PATHS],
    "strings.Repeat": [None, ["0", "1", "3"]], "strings.SplitN": [None, None, ["-1", "0", "1", "2"]],
    "strings.SplitAfterN": [None, None, ["-1", "0", "1", "2"]], "strings.Replace": [None, None, None, ["-1", "0", "1", "2"]],
    "math.Inf": [["1", "-1", "0"]], "math.Ldexp": [None, ["-3", "0", "10", "-1074", "2000"]],
    "math.Pow": [None, ["2", "0", "-1", "3", "0.5", "-0.5", "10"]],
    "time.Duration.Round": [None, ["time.Second", "time.Millisecond", "7", "0"]],
    "time.Duration.Truncate": [None, ["time.Minute", "time.Millisecond", "0"]],
    "firebreak.Env": [['"ORACLE_SET"', '"ORACLE_UNSET"', '"ORACLE_EMPTY"']],
    "firebreak.Var": [['"SET"', '"UNSET"']], "firebreak.ReadFile": [['"data.txt"', '"sub/more.txt"', '"./data.txt"']],
}

# Of generic functions, and of those that take a func of the user's. {S} []int, {T} []string, {F} []float64, {P} []pairs
# (a struct with fields K and V), {M} map[string]int, {i} an int, {s} a string, {f} a float64. What is behind => is shown.
BY_HAND = {
    "slices.BinarySearch": "a := {S}; slices.Sort(a); i, ok := slices.BinarySearch(a, {i}) => i, ok",
    "slices.BinarySearchFunc": "a := {S}; slices.Sort(a); i, ok := slices.BinarySearchFunc(a, {s}, func(e int, t string) "
                               "int {{ return e - len(t) }}) => i, ok",
    "slices.Clip": "a := slices.Clip({S}[:1]) => a, cap(a)",
    "slices.Clone": "a := {S}; b := slices.Clone(a); b[0]++ => a, b, slices.Clone([]int(nil)) == nil",
    "slices.Compact": "a := []int{{1, 1, {i}, {i}, 2, 2, 1}}; b := slices.Compact(a) => a, b",
    "slices.CompactFunc": "a := {T}; b := slices.CompactFunc(a, func(x, y string) bool {{ return len(x) == len(y) }}) => a, b",
    "slices.Compare": "=> slices.Compare({S}, {S}), slices.Compare({T}, {T})",
    "slices.CompareFunc": "=> slices.CompareFunc({S}, {T}, func(n int, s string) int {{ return n - len(s) }})",
    "slices.Concat": "=> slices.Concat({S}, nil, {S})",
    "slices.Contains": "=> slices.Contains({S}, {i}), slices.Contains({T}, {s})",
    "slices.ContainsFunc": "=> slices.ContainsFunc({S}, func(n int) bool {{ return n > 100 }})",
    "slices.Delete": "a := []int{{1, 2, 3, {i}}}; b := slices.Delete(a, 1, 3) => a, b",
    "slices.DeleteFunc": "a := {S}; b := slices.DeleteFunc(a, func(n int) bool {{ return n%2 == 0 }}) => a, b",
    "slices.Equal": "=> slices.Equal({S}, {S}), slices.Equal([]float64{{math.NaN()}}, []float64{{math.NaN()}})",
    "slices.EqualFunc": "=> slices.EqualFunc({S}, {T}, func(n int, s string) bool {{ return n == len(s) }})",
    "slices.Grow": "a := slices.Grow({S}, 5) => a, cap(a) >= len(a)+5",
    "slices.Index": "=> slices.Index({S}, {i}), slices.Index({T}, {s})",
    "slices.IndexFunc": "=> slices.IndexFunc({T}, func(s string) bool {{ return len(s) > 2 }})",
    "slices.Insert": "a := slices.Insert({S}, 1, {i}, {i}) => a, slices.Insert([]string(nil), 0, {s})",
    "slices.IsSorted": "=> slices.IsSorted({S}), slices.IsSorted({T})",
    "slices.IsSortedFunc": "=> slices.IsSortedFunc({T}, func(a, b string) int {{ return len(a) - len(b) }})",
    "slices.Max": "=> slices.Max({S}), slices.Max({T}), slices.Max({F})",
    "slices.MaxFunc": "=> slices.MaxFunc({P}, func(a, b pairs) int {{ return a.K - b.K }})",
    "slices.Min": "=> slices.Min({S}), slices.Min({T}), slices.Min({F})",
    "slices.MinFunc": "=> slices.MinFunc({P}, func(a, b pairs) int {{ return a.K - b.K }})",
    "slices.Replace": "a := []int{{1, 2, 3, 4}}; b := slices.Replace(a, 1, 3, {i}) => a, b",
    "slices.Reverse": "a := {T}; slices.Reverse(a) => a",
    "slices.Sort": "a := {S}; slices.Sort(a); b := {T}; slices.Sort(b); c := {F}; slices.Sort(c) => a, b, c",
    "slices.SortFunc": "a := {S}; slices.SortFunc(a, func(x, y int) int {{ return strings.Compare(strconv.Itoa(x), "
                       "strconv.Itoa(y)) }}) => a",
    "slices.SortStableFunc": "a := {P}; slices.SortStableFunc(a, func(x, y pairs) int {{ return x.K - y.K }}) => a",
    "maps.Clone": "m := {M}; n := maps.Clone(m); n[\"new\"] = 1 => m, n, maps.Clone(map[string]int(nil)) == nil",
    "maps.Copy": "m := {M}; maps.Copy(m, map[string]int{{\"a\": {i}}}) => m",
    "maps.DeleteFunc": "m := {M}; maps.DeleteFunc(m, func(k string, v int) bool {{ return v > 5 || k == \"a\" }}) => m",
    "maps.Equal": "=> maps.Equal({M}, {M}), maps.Equal(map[string]int{{}}, map[string]int(nil))",
    "maps.EqualFunc": "=> maps.EqualFunc({M}, {M}, func(a, b int) bool {{ return a%2 == b%2 }})",
    "sort.Find": "i, ok := sort.Find(10, func(i int) int {{ return len({s}) - i }}) => i, ok",
    "sort.Float64s": "a := {F}; sort.Float64s(a) => a",
    "sort.Float64sAreSorted": "=> sort.Float64sAreSorted({F})",
    "sort.Ints": "a := {S}; sort.Ints(a) => a",
    "sort.IntsAreSorted": "=> sort.IntsAreSorted({S})",
    "sort.Search": "=> sort.Search(20, func(i int) bool {{ return i*i >= len({s})*3 }})",
    "sort.SearchFloat64s": "a := {F}; sort.Float64s(a) => sort.SearchFloat64s(a, {f})",
    "sort.SearchInts": "a := {S}; sort.Ints(a) => sort.SearchInts(a, {i})",
    "sort.SearchStrings": "a := {T}; sort.Strings(a) => sort.SearchStrings(a, {s})",
    "sort.Slice": "a := {S}; sort.Slice(a, func(i, j int) bool {{ return a[i] > a[j] }}) => a",
    "sort.SliceIsSorted": "a := {S} => sort.SliceIsSorted(a, func(i, j int) bool {{ return a[i] < a[j] }})",
    "sort.SliceStable": "a := {P}; sort.SliceStable(a, func(i, j int) bool {{ return a[i].K < a[j].K }}) => a",
    "sort.Strings": "a := {T}; sort.Strings(a) => a",
    "sort.StringsAreSorted": "=> sort.StringsAreSorted({T})",
    "errors.Is": "a := errors.New({s}); b := fmt.Errorf(\"b: %w\", a) => errors.Is(b, a), errors.Is(b, errors.New({s})), "
                 "errors.Is(nil, a)",
    "errors.Join": "a := errors.New({s}); b := errors.Join(a, nil, errors.New(\"x\")) => b, errors.Is(b, a), "
                   "errors.Join(nil) == nil",
    "errors.Unwrap": "a := errors.New({s}); b := fmt.Errorf(\"b: %w\", a) => errors.Unwrap(b) == a, errors.Unwrap(a) == nil",
}

FUNCTIONS = golib.read()


def results_of(f):
    return [LETTERS.get(r) for r in f.results]


class Library:
    """Mixed into the writer of statements."""

    def library_call(self, f):
        if f.full in BY_HAND:
            self.by_hand(f)
            return
        if f.params is None:
            raise SystemExit(f"the oracle does not know how to call {f.full}: say so in BY_HAND")
        self.use(f.full)
        args = [self.argument(f, i, letter) for i, letter in enumerate(f.params)]
        if "." in f.name:
            call = f"({args[0]}).{f.name.split('.')[1]}({', '.join(args[1:])})"
        else:
            call = f"{f.package}.{f.name}({', '.join(a for a in args if a)})"
        if f.package == "firebreak" and f.results not in ("s",):
            call = "*" + call
            self.show((call, self.pointed(f)))
            return
        names = [self.fresh("r") for _ in f.results]
        self.put(f"{', '.join(names)} := {call}")
        self.show(*zip(names, results_of(f)))

    @staticmethod
    def pointed(f):
        return LETTERS[f.params]

    def argument(self, f, at, letter):
        given = ARGUMENTS.get(f.full, [])
        if at < len(given) and given[at]:
            return self.rnd.choice(given[at])
        if letter == "V":
            return ", ".join(self.rnd.choice(given[0] if given else PLAIN_WORDS) for _ in range(self.rnd.randint(0, 3)))
        if letter == "A":
            return ", ".join(self.expr(self.rnd.choice([INT, STRING, FLOAT, BOOL]), 1)
                             for _ in range(self.rnd.randint(1, 3)))
        if letter == "p":
            return self.rnd.choice(["func(r rune) bool { return r > 'b' }", "func(r rune) bool { return r == ' ' || r == ',' }"])
        if letter == "m":
            return "func(r rune) rune {\n\tif r == 'a' {\n\t\treturn -1\n\t}\n\treturn r + 1\n}"
        if letter == "s" and f.package == "strings":
            return self.rnd.choice(PLAIN_WORDS) if self.chance(0.8) else self.expr(STRING, 1)
        if f.package == "fmt" and at == 0 and letter == "s":
            return self.rnd.choice(['"%v %v|"', '"%d %s"', '"%6.2f%%"', '"%q"', '"%x"', '"%[2]v %[1]v"', '"%!"', '"%v"',
                                    '"%*d"', '"plain"', '"%T"'])
        return self.expr(LETTERS[letter], 1)

    def by_hand(self, f):
        self.use(f.full)
        self.helper("pairs", "type pairs struct {\n\tK int\n\tV string\n}\n")
        text = BY_HAND[f.full]
        values = {"S": slice_of(INT), "T": slice_of(STRING), "F": slice_of(FLOAT), "i": INT, "s": STRING, "f": FLOAT}

        class Draw(dict):
            def __missing__(draw, key):
                if key == "P":
                    return "[]pairs{" + ", ".join(f"{{{self.rnd.randint(0, 2)}, {quote(str(i))}}}" for i in range(5)) + "}"
                if key == "M":
                    return f'map[string]int{{"a": {self.rnd.randint(0, 9)}, "b": {self.rnd.randint(0, 9)}, "c": 7}}'
                if key in "STF":
                    n = self.rnd.randint(1, 6)
                    elem = values[key].elem
                    return f"{values[key].text}{{{', '.join(self.small(elem) for _ in range(n))}}}"
                return self.small(values[key])

        self.pure += 1
        while "{" in text.replace("{{", ""):  # one hole after the other: each draws anew
            at = next(i for i in range(len(text)) if text[i] == "{" and text[i:i + 2] != "{{" and text[i - 1] != "{")
            text = text[:at] + Draw()[text[at + 1]].replace("{", "{{").replace("}", "}}") + text[at + 3:]
        self.pure -= 1
        text = text.replace("{{", "{").replace("}}", "}")
        before, shown = text.split("=>")
        self.open("")
        for line in filter(None, (x.strip() for x in before.split("; "))):
            self.put(line)
        self.put(f"out += fmt.Sprint({shown.strip()}) + \";\"")
        self.close()

    def small(self, t):
        if t is STRING:
            return self.rnd.choice(PLAIN_WORDS)
        if t is INT:
            return str(self.rnd.randint(-3, 12))
        return self.rnd.choice(["1.5", "-2", "0.25", "1e9", "3"])
