"""Scenes: pieces of programs that a grammar alone would hardly come upon, with holes for expressions.

$i $s $b $f $y are drawn anew each time: an int, a string, a bool, a float64, a byte. $1 … $9 are names of this scene's own.
A scene appends what it found to `out`. Helpers are declared once a program."""
import re

from types_ import *

HOLES = {"i": INT, "s": STRING, "b": BOOL, "f": FLOAT, "y": BYTE}

HELPERS = {
    "apply": "func apply(f func(int) int, times, v int) int {\n\tfor range times {\n\t\tv = f(v)\n\t}\n\treturn v\n}\n",
    "counter": "func counter(from int) (func() int, func()) {\n\treturn func() int { from++; return from }, func() { from = 0 }\n}\n",
    "toInt": "func toInt(f float64) int {\n\tif f > -1e15 && f < 1e15 {\n\t\treturn int(f)\n\t}\n\treturn -1\n}\n",
    "logf": "func logf(format string, args ...any) string {\n\treturn fmt.Sprintf(format, args...) + fmt.Sprint(len(args))\n}\n",
    "change": "func change(a [2]int, s []int, m map[string]int, p *int) {\n\ta[0], s[0], m[\"k\"], *p = 9, 9, 9, 9\n}\n",
    "color": "type color int\n\nconst (\n\tred color = iota\n\tgreen\n\tblue\n\t_\n\tlast\n)\n\nfunc (c color) String() string {\n"
             "\tif c < red || c > blue {\n\t\treturn \"color(\" + strconv.Itoa(int(c)) + \")\"\n\t}\n"
             "\treturn [...]string{\"red\", \"green\", \"blue\"}[c]\n}\n",
    "fault": "type fault struct {\n\tcode int\n\tcause error\n}\n\nfunc (f *fault) Error() string {\n"
             "\tif f.cause == nil {\n\t\treturn fmt.Sprint(\"fault \", f.code)\n\t}\n"
             "\treturn fmt.Sprintf(\"fault %d: %v\", f.code, f.cause)\n}\n\nvar errBase = errors.New(\"base\")\n\n"
             "func try(n int) (int, error) {\n\tswitch {\n\tcase n%3 == 0:\n\t\treturn 0, errBase\n\tcase n%3 == 1:\n"
             "\t\treturn n, &fault{code: n, cause: errBase}\n\t}\n\treturn n * 2, nil\n}\n",
    "animal": "type animal struct {\n\tname string\n\tlegs int\n}\n\nfunc (a animal) describe() string {\n"
              "\treturn fmt.Sprint(a.name, a.legs)\n}\n\nfunc (a *animal) grow(n int) *animal {\n\ta.legs += n\n\treturn a\n}\n\n"
              "type dog struct {\n\tanimal\n\tage int\n}\n\ntype puppy struct {\n\t*dog\n\tweeks uint8\n}\n\n"
              "func (p puppy) describe() string {\n\treturn \"puppy of \" + p.dog.describe()\n}\n",
    "list": "type list struct {\n\tvalue int\n\tnext *list\n}\n\nfunc (l *list) push(v int) *list {\n"
            "\treturn &list{v, l}\n}\n\nfunc (l *list) sum() int {\n\tif l == nil {\n\t\treturn 0\n\t}\n"
            "\treturn l.value + l.next.sum()\n}\n",
    "tree": "type tree struct {\n\tleft, right *tree\n\tkey string\n}\n\nfunc (t *tree) add(k string) *tree {\n\tif t == nil {\n"
            "\t\treturn &tree{key: k}\n\t}\n\tswitch {\n\tcase k < t.key:\n\t\tt.left = t.left.add(k)\n\tcase k > t.key:\n"
            "\t\tt.right = t.right.add(k)\n\t}\n\treturn t\n}\n\nfunc (t *tree) walk(f func(string)) {\n\tif t != nil {\n"
            "\t\tt.left.walk(f)\n\t\tf(t.key)\n\t\tt.right.walk(f)\n\t}\n}\n",
    "stack": "type stack []string\n\nfunc (s *stack) push(v ...string) { *s = append(*s, v...) }\n\n"
             "func (s *stack) pop() (v string, ok bool) {\n\tif len(*s) == 0 {\n\t\treturn\n\t}\n"
             "\tv, *s = (*s)[len(*s)-1], (*s)[:len(*s)-1]\n\treturn v, true\n}\n\nfunc (s stack) Len() int { return len(s) }\n",
    "pointKey": "type pointKey struct {\n\tx, y int8\n}\n\ntype otherPoint struct {\n\tx, y int8\n}\n",
    "three": "func three() (a int, b string, c []int) {\n\ta, b = 1, \"b\"\n\tc = append(c, a)\n\treturn a, b + \"!\", c\n}\n",
    "inits": "var (\n\tinitA = initB + 1\n\tinitB = initF() * 2\n\tinitC, initD = initTwo()\n\tinitE = len(initM)\n"
             "\tinitM = map[string]int{\"a\": initA, \"b\": initB}\n)\n\nfunc initF() int { return initC + 5 }\n\n"
             "func initTwo() (int, string) { return 7, fmt.Sprint(\"d\", 8) }\n",
    "flags": "type flags uint8\n\nconst (\n\tflagA flags = 1 << iota\n\tflagB\n\tflagC\n\tflagAll = flagA | flagB | flagC\n)\n\n"
             "func (f flags) has(g flags) bool { return f&g == g }\n\nfunc (f *flags) drop(g flags) { *f &^= g }\n",
}

SCENES = [
    ("higher-order functions", ["apply"],
     "$1 := $i\nout += fmt.Sprint(apply(func(v int) int { return v*3 + $1 }, 3, $i), apply(func(int) int { return $1 }, 1, 0))"),
    ("functions that return functions", ["counter"],
     "$1, $2 := counter($i)\n$3, _ := counter(10)\nout += fmt.Sprint($1(), $1(), $3())\n$2()\nout += fmt.Sprint($1(), $3())"),
    ("conversion of floats", ["toInt"],
     "out += fmt.Sprint(toInt($f), toInt(2.9), toInt(-2.9), uint8(toInt(300.5)&255), float32($f), int64(float32(1<<24+1)))"),
    ("variadic any", ["logf"], "out += logf(\"%v|%d|%s\", $i, $i, $s) + logf(\"none\") + logf(\"%v\", []any{$i, $s, nil}...)"),
    ("what a call may change", ["change"],
     "$1, $2, $3, $4 := [2]int{1, 2}, []int{1, 2}, map[string]int{}, $i\nchange($1, $2, $3, &$4)\n"
     "out += fmt.Sprint($1, $2, $3, $4)"),
    ("String method", ["color"],
     "$1 := color(($i) % 6)\nout += fmt.Sprintf(\"%v %d %s %q %x|\", $1, $1, blue, []color{red, green}, last)\n"
     "out += fmt.Sprint(map[color]int{blue: 1, red: 2}, struct{ C color }{green}, &struct{ C color }{red}, any(last))"),
    ("Error method", ["fault"],
     "for $1 := range 3 {\n\t$2, $3 := try($1 + ($i)&7)\n\tif $3 != nil {\n\t\tout += fmt.Sprint($3, errors.Is($3, errBase), "
     "$3 == errBase)\n\t\tcontinue\n\t}\n\tout += fmt.Sprint($2)\n}\nvar $4 error = &fault{code: 1}\n"
     "$5, $6 := $4.(*fault)\nout += fmt.Sprint($5.code, $6, fmt.Errorf(\"w: %w\", $4), []error{$4, nil})"),
    ("promoted fields and methods", ["animal"],
     "$1 := dog{animal{$s, 4}, 2}\n$1.grow(1).grow(2)\n$2 := puppy{&$1, 9}\n$2.legs++\n$2.grow($i)\n"
     "out += fmt.Sprint($1.describe(), $2.describe(), $2.animal.describe(), $1.legs, $2.name, $1)\n"
     "$3 := $1.describe\n$1.name = \"changed\"\n$4 := (*animal).grow\nout += fmt.Sprint($3(), $4(&$1.animal, 1).legs, "
     "animal.describe($1.animal))"),
    ("linked list", ["list"],
     "var $1 *list\nfor $2 := range 4 {\n\t$1 = $1.push($2 + $i)\n}\nout += fmt.Sprint($1.sum(), $1.next.value, (*list)(nil).sum())\n"
     "for $3 := $1; $3 != nil; $3 = $3.next {\n\tout += fmt.Sprint($3.value, \",\")\n}"),
    ("tree", ["tree"],
     "var $1 *tree\nfor _, $2 := range []string{$s, \"m\", $s, \"c\", \"x\", \"m\"} {\n\t$1 = $1.add($2)\n}\n"
     "$1.walk(func(k string) { out += k + \";\" })"),
    ("methods that change a slice", ["stack"],
     "var $1 stack\n$1.push($s, \"b\")\n$1.push([]string{\"c\", $s}...)\n$2, $3 := $1.pop()\nout += fmt.Sprint($2, $3, $1.Len(), $1)\n"
     "for $1.Len() > 0 {\n\t_, _ = $1.pop()\n}\n_, $3 = $1.pop()\nout += fmt.Sprint($3, $1 == nil, len($1))"),
    ("structs and arrays as keys", ["pointKey"],
     "$1 := map[pointKey]string{{1, 2}: $s, {0, 5}: \"b\"}\n$1[pointKey{1, 2}] += \"!\"\n$2 := map[[2]bool]int{{true, false}: $i}\n"
     "$2[[2]bool{false, true}]--\nout += fmt.Sprint($1, $2, $1[pointKey{y: 5}], len($1))\n"
     "out += fmt.Sprint(otherPoint(pointKey{3, 4}), pointKey(otherPoint{x: 1}) == pointKey{1, 0})"),
    ("three results", ["three"],
     "$1, $2, $3 := three()\n_, $2, _ = three()\nout += fmt.Sprint($1, $2, $3)\nif $4, _, $5 := three(); $4 < len($5)+1 {\n"
     "\tout += $s\n}"),
    ("order of initialisation", ["inits"], "out += fmt.Sprint(initA, initB, initC, initD, initE, initM)"),
    ("flags", ["flags"],
     "$1 := flagA | flags($y)\n$1.drop(flagB)\nout += fmt.Sprint($1.has(flagA), $1.has(flagAll), $1&flagC, ^$1, flagAll, $1 &^ flagA)"),
    ("anonymous structs", [],
     "$1 := []struct {\n\tName string\n\tN    int\n}{{$s, $i}, {N: 3}, {Name: \"x\"}}\nfor _, $2 := range $1 {\n"
     "\tout += fmt.Sprintf(\"%v %+v %#v|\", $2, $2, $2)\n\t$2.N++\n}\n$1[1].N *= 2\n$3 := $1[1]\n$3.Name = $s\n"
     "out += fmt.Sprint($1, $3 == $1[1], $1[0] == $1[0])"),
    ("range over a copy", [],
     "$1 := [3]int{1, $i, 3}\nfor $2, $3 := range $1 {\n\t$1[2] = 10 + $2\n\tout += fmt.Sprint($3, \",\")\n}\n"
     "$4 := []int{1, 2, 3}\nfor $2, $3 := range $4 {\n\t$4[2] = 10\n\tif $2 == 0 {\n\t\t$4 = append($4, 4)\n\t}\n"
     "\tout += fmt.Sprint($3, \",\")\n}\nfor $2 := range &$1 {\n\t$1[$2]++\n}\nout += fmt.Sprint($1, $4)"),
    ("arrays of arrays", [],
     "var $1 [2][3]int\n$1[1][$y%3] = $i\n$2 := $1\n$2[0][0]--\n$3 := &$1\n$3[1][0] += 5\n(*$3)[0][2] = len($3)\n"
     "out += fmt.Sprint($1, $2, $1 == $2, len($1[0]), $3[1])\nfor $4, $5 := range $3 {\n\tout += fmt.Sprint($4, $5)\n}\n"
     "$6 := $3[:]\n$6[0][1] = 7\nout += fmt.Sprint($1, cap($6[:1]))"),
    ("maps of slices and structs", [],
     "$1 := map[string][]int{}\n$1[\"a\"] = append($1[\"a\"], $i, 2)\n$1[\"b\"] = append($1[\"a\"][:1:1], 9)\n"
     "$2 := map[string]struct{ N int }{\"x\": {1}}\n$3 := $2[\"x\"]\n$3.N = $i\n$4 := $2[\"none\"].N\n$2[\"y\"] = $3\n"
     "out += fmt.Sprint($1, $2, $4, len($1[\"none\"]))\n$5 := map[string]map[string]int{\"o\": {\"i\": 1}}\n$5[\"o\"][\"i\"]++\n"
     "$5[\"p\"] = nil\nout += fmt.Sprint($5, $5[\"p\"][\"q\"], len($5[\"z\"]))"),
    ("slices within capacity", [],
     "$1 := make([]int, 2, 10)\n$2 := append($1, 1)\n$3 := append($1, 2, $i)\n$2[0] = 7\nout += fmt.Sprint($1, $2, $3, cap($2), $1[:4])\n"
     "$4 := $1[1:3:5]\n$4 = append($4, 8)\n$5 := append($4[:1], $s...)\n_ = $5".replace(", $s...)", ", 5)") +
     "\nout += fmt.Sprint($1[:5], $4, cap($4), len($1[2:5]))\ncopy($1[1:], $1[:4])\nout += fmt.Sprint($1, $1[:6])"),
    ("loop variables are new each time", [],
     "var $1 []*int\nvar $2 []func() int\nfor $3 := range 3 {\n\t$1 = append($1, &$3)\n\t$2 = append($2, func() int { $3 += 10; return $3 })\n}\n"
     "for _, $4 := range []string{\"a\", $s} {\n\t$2 = append($2, func() int { return len($4) })\n}\n"
     "for $5 := 0; $5 < 4; $5++ {\n\t$2 = append($2, func() int { return $5 })\n\t$5++\n}\n"
     "for _, $6 := range $2 {\n\tout += fmt.Sprint($6(), \",\")\n}\nout += fmt.Sprint(*$1[0], *$1[2], $1[0] == $1[1])"),
    ("closures that call themselves", [],
     "var $1 func(int) int\n$1 = func(n int) int {\n\tif n <= 1 {\n\t\treturn 1\n\t}\n\treturn n * $1(n-1)\n}\nout += fmt.Sprint($1(($i)&15))\n"
     "$2 := map[string]func(a, b int) int{\"add\": func(a, b int) int { return a + b }, \"sub\": func(a, b int) int { return a - b }}\n"
     "if $3, $4 := $2[\"sub\"]; $4 {\n\tout += fmt.Sprint($3($i, 2), $2[\"none\"] == nil)\n}\n"
     "$5 := struct{ f func(string) string }{func(s string) string { return s + s }}\nout += $5.f($s)"),
    ("interfaces hold copies", [],
     "$1 := [2]int{1, 2}\nvar $2 any = $1\n$1[0] = $i\nout += fmt.Sprint($2, $2 == any([2]int{1, 2}), $2.([2]int)[1])\nvar $3 any\n"
     "$4, $5 := $3.(string)\nout += fmt.Sprintf(\"%q %v %v %v|\", $4, $5, $3 == nil, $3)\n$3 = $y\n_, $5 = $3.(int)\n"
     "out += fmt.Sprint($5, $3 == any(byte(3)), []any{1, \"a\", nil, 2.5, 'x', $b})"),
    ("break out of a switch and a loop", [],
     "$1 := 0\n$9:\nfor {\n\tswitch $1++; {\n\tcase $1 == 2:\n\t\tcontinue\n\tcase $1 > 4:\n\t\tbreak $9\n\tcase ($i)%2 == 0:\n\t\tbreak\n"
     "\tdefault:\n\t\tout += \"d\"\n\t}\n\tout += fmt.Sprint($1)\n}"),
    ("labelled switch", [],
     "$9:\nswitch {\ncase $b:\n\tfor $1 := range 3 {\n\t\tif $1 == 1 {\n\t\t\tbreak $9\n\t\t}\n\t\tout += \"x\"\n\t}\n\tout += \"never\"\n"
     "default:\n\tout += \"y\"\n}"),
    ("whole numbers at their ends", [],
     "$1, $2 := int8(-128), int8(-1)\n$3 := uint8($y)\n$4 := int64(-1 << 63)\nout += fmt.Sprint($1/$2, $1%$2, -$1, $1-1, $3+200, $3*$3, ^$3, "
     "$3<<7, $1>>7, $4/-1, -$4, uint32(1<<31)>>1, int16(int32(70000)*int32($2)), -7/2, -7%3, 7%-3, uint64($4))"),
    ("floats at their ends", [],
     "$1, $2 := 0.0, $f\nout += fmt.Sprint(1/$1, -1/$1, $1/$1 == $1/$1, float32(0.1), float64(float32(0.1)), float32($2)*3, $2/3, 1e23, "
     "float32(16777216)+1, -$1, 0.1+0.2, min($2, 1), max($1, $2))"),
    ("constants without a type", [],
     "const $1, $2 = 1 << 100 >> 98, 'a' + 1.0\nconst $3 = \"con\" + \"stant\"\nconst $4 float32 = 1.0 / 3\nconst $5 = 5 / 2 * 2.0\nconst $6 = -5 % 3\n"
     "var $7 uint8 = $2\nout += fmt.Sprint($1, $2, $3, $4, $5, $6, $7, len($3), $3[2], 07, 0b11_0, 1_000.5, 0x1p-2, '\\u00e9', $2 == 'b')\n"
     "$8 := uint(3)\nvar $9 int64 = 1<<$8 + 1\nout += fmt.Sprint($9, 1<<$8, uint8(1)<<$8, 2.0*$9)"),
    ("text piece by piece", [],
     "$1, $2 := \"\", 0\nfor $3, $4 := range $s + \"aé\" {\n\tif $4 == 'a' || $3%2 == 1 {\n\t\t$1 = string($4) + $1\n\t} else {\n\t\t$1 += \"-\"\n\t}\n"
     "\t$2 += $3\n}\n$5 := []byte($1 + $s)\nfor $6 := 0; $6 < len($5)/2; $6++ {\n\t$5[$6], $5[len($5)-1-$6] = $5[len($5)-1-$6], $5[$6]\n}\n"
     "out += fmt.Sprintf(\"%s %d %q %x|\", $1, $2, $5, string($5))"),
    ("errors of parsing", [],
     "for _, $1 := range []string{\"12\", \"x\", $s} {\n\tif $2, $3 := strconv.Atoi($1); $3 != nil {\n\t\tout += $3.Error() + \";\"\n"
     "\t} else if $2 > 3 {\n\t\tout += fmt.Sprint($2)\n\t}\n}\nvar $4 error\nout += fmt.Sprint($4 == nil, $4)"),
    ("shadowing in heads", [],
     "$1 := $i\nif $1 := $s; len($1) > 2 {\n\tout += $1\n} else if $2 := $1 + \"?\"; $2 != \"\" {\n\tout += $2\n}\n"
     "for $1 := $1; $1 < $1; {\n}\nfunc() {\n\t$1, $3 := 2.5, 1\n\tout += fmt.Sprint($1, $3)\n}()\nswitch $1 := any($1).(type) {\ncase int:\n"
     "\tout += fmt.Sprint($1 + 1)\n}\nout += fmt.Sprint($1)"),
    ("assignments in two steps", [],
     "$1, $2 := []int{1, 2, 3}, 0\n$2, $1[$2] = 1, $i\n$1[0], $1[1], $1[2] = $1[2], $1[0], $1[1]\n$3 := &$1[1]\n$1, *$3 = nil, 8\n"
     "out += fmt.Sprint($1, $2, *$3)\n$4 := map[string]int{\"a\": 1}\n$5 := \"a\"\n$5, $4[$5], $4[\"b\"] = \"b\", 5, $4[$5]+10\nout += fmt.Sprint($4, $5)"),
]


class Scenes:
    """Mixed into the writer of statements."""

    def scene(self, depth):
        name, helpers, text = self.rnd.choice(SCENES)
        self.use("scene: " + name)
        for h in helpers:
            self.helper(h, HELPERS[h])
        names = {}

        def fill(match):
            what = match.group(1)
            if what in HOLES:
                return self.moving(HOLES[what], 1) if what in "yf" else self.expr(HOLES[what], 1)
            if what not in names:
                names[what] = self.fresh("Out" if what == "9" and f"$9:" in text else "w")
            return names[what]
        self.pure += 1
        filled = re.sub(r"\$([a-z1-9])", fill, text)
        self.pure -= 1
        self.open("")
        self.put(filled)
        self.close()
