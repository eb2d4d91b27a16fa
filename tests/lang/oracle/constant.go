package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"math"
	"strconv"
	"strings"
)

// ---- literals ----

func numberLiteral() string {
	edges := []string{"0", "00", "0_1", "07", "08", "089", "08.5", "08e1", "0x", "0xg", "0x_f", "0x__f", "1_", "1__0", "0b12", "0b_1", "0o8",
		"0o_7", "0b1.1", "0o1.1", "0x1.8", "0x1.8p1", "0x.8p-1", "0x.p1", "0xp1", "1e", "1e+", "1e+_1", "1_e1", "1e1_", ".5", ".5_", "1._5",
		"1_.5", "0e1", "00e1", "1p1", "0x1e+1", "0b1e1", "0x1p", "0x1P-1", "1i", "0x1i", "09i", "1.5i", "0b2i", "1e400", "1e-400", "1e5000",
		"1e-5000", "1e100000", "1e-100000", "1e999999999", "1e-999999999", "1e99999999999999999999", "0x1p99999999999", "0x1p-9999999999",
		"0x1p2147483647", "1e646456993", "1e646456992", "0X1", "0B1", "0O7", "0XP1", "1E5", "0.0", "0e99999999999", "1e1000", "1e-1200",
		"1.7976931348623157e308", "1.797693134862315808e308", "4.9e-324", "2.4703282292062327208e-324", "3.4028235677973366e38"}
	switch rnd.Intn(9) {
	case 0:
		return pick(edges...)
	case 1:
		return randomDigits(40, 10)
	case 2:
		return pick("0x", "0X") + randomDigits(130, 16)
	case 3:
		return pick("0b", "0B") + randomDigits(70, 2)
	case 4:
		return pick("0o", "0O", "0") + randomDigits(30, 8)
	case 5:
		return randomDigits(20, 10) + "." + pick("", randomDigits(30, 10)) + pick("", fmt.Sprintf("e%d", rnd.Intn(800)-400))
	case 6:
		return "0x" + randomDigits(20, 16) + "." + randomDigits(20, 16) + fmt.Sprintf("p%d", rnd.Intn(5000)-2500)
	case 7:
		return mutated(pick(edges...))
	default:
		return strconv.FormatFloat(math.Abs(finite()), pick[byte]('e', 'f', 'g'), rnd.Intn(30)-1, 64)
	}
}

func finite() float64 {
	for {
		if f := randomFloat(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	}
}

func textLiteral() string {
	if oneIn(3) {
		escape := pick("\\a", "\\n", "\\x41", "\\x4", "\\xzz", "\\377", "\\400", "\\08", "\\u00e9", "\\ud800", "\\u12", "\\U0010ffff", "\\U00110000",
			"\\U0000d800", "\\'", "\\\"", "\\q", "\\", "é", "ab", "", "日", "\n", "\\u000g", "\\`")
		q := pick("'", "'", "\"")
		return q + pick("", "a") + escape + pick("", "b") + pick(q, q, q, "", "\n"+q)
	}
	s := strings.ToValidUTF8(randomText(6), "?")
	s = strings.NewReplacer("\x00", "0", "\ufeff", "f").Replace(s)
	switch rnd.Intn(5) {
	case 0:
		return strconv.Quote(s)
	case 1:
		return "`" + s + pick("", "\r", "\r\n") + "`"
	case 2:
		return strconv.QuoteRune([]rune(s + "x")[0])
	case 3:
		return strings.ToValidUTF8(mutated(strconv.Quote(s)), "?")
	default:
		return pick("\"", "`") + s
	}
}

var kinds = map[token.Token]string{token.INT: "int", token.FLOAT: "float", token.IMAG: "imaginary",
	token.CHAR: "rune", token.STRING: "string"}

func literalCase(int) {
	text := numberLiteral()
	if oneIn(3) {
		text = textLiteral()
	}
	if oneIn(4) {
		text += pick(" ", "+1", ".", "_", "x", "/", "é", ".5", "e")
	}
	if text == "" || !(text[0] >= '0' && text[0] <= '9' || text[0] == '\'' || text[0] == '"' || text[0] == '`' ||
		text[0] == '.' && len(text) > 1 && text[1] >= '0' && text[1] <= '9') {
		text = "0" + text
	}
	var s scanner.Scanner
	faults := 0
	set := token.NewFileSet()
	s.Init(set.AddFile("", -1, len(text)), []byte(text), func(token.Position, string) { faults++ }, 0)
	_, tok, lit := s.Scan()
	if faults > 0 {
		emit(hexed(text), "=", kinds[tok], "wrong")
		return
	}
	size := len(lit)
	if lit[0] == '`' { // the scanner takes carriage returns out
		size = 2 + strings.IndexByte(text[1:], '`')
	}
	v := "-"
	if tok != token.IMAG {
		v = described(constant.MakeFromLiteral(lit, tok, 0))
	}
	emit(hexed(text), "=", kinds[tok], strconv.Itoa(size), v)
}

// ---- expressions ----

func described(v constant.Value) string {
	if v.Kind() == constant.Unknown {
		return "unknown"
	}
	parts := []string{v.Kind().String(), hexed(v.ExactString()), hexed(v.String())}
	if v.Kind() == constant.Int || v.Kind() == constant.Float {
		f64, _ := constant.Float64Val(v)
		f32, _ := constant.Float32Val(v)
		whole := constant.ToInt(v)
		parts = append(parts, strconv.FormatUint(math.Float64bits(f64), 16),
			strconv.FormatUint(uint64(math.Float32bits(f32)), 16), hexed(whole.ExactString()))
	}
	return strings.Join(parts, " ")
}

var binary = map[string]token.Token{"+": token.ADD, "-": token.SUB, "*": token.MUL, "/": token.QUO, "//": token.QUO_ASSIGN,
	"%": token.REM, "&": token.AND, "|": token.OR, "^": token.XOR, "&^": token.AND_NOT}

var comparisons = map[string]token.Token{"==": token.EQL, "!=": token.NEQ, "<": token.LSS, "<=": token.LEQ,
	">": token.GTR, ">=": token.GEQ}

type stack struct {
	values []constant.Value
	words  []string
}

func (s *stack) push(v constant.Value, word string) {
	s.values = append(s.values, v)
	s.words = append(s.words, word)
}

func (s *stack) pop() constant.Value {
	v := s.values[len(s.values)-1]
	s.values = s.values[:len(s.values)-1]
	return v
}

func (s *stack) literal() {
	for {
		var lit string
		var tok token.Token
		switch rnd.Intn(8) {
		case 0:
			lit, tok = strconv.Quote(randomText(4)), token.STRING
		case 1:
			lit, tok = strconv.QuoteRune(randomRune()), token.CHAR
		case 2, 3:
			lit, tok = strconv.Itoa(rnd.Intn(1000)), token.INT
		default:
			lit = numberLiteral()
			var sc scanner.Scanner
			bad := false
			sc.Init(token.NewFileSet().AddFile("", -1, len(lit)), []byte(lit), func(token.Position, string) { bad = true }, 0)
			var got string
			_, tok, got = sc.Scan()
			if bad || got != lit || tok != token.INT && tok != token.FLOAT {
				continue
			}
		}
		v := constant.MakeFromLiteral(lit, tok, 0)
		if v.Kind() == constant.Unknown || tooBig(v) {
			continue
		}
		s.push(v, kinds[tok]+":"+hexed(lit))
		return
	}
}

// tooBig says what the compiler's type checker would refuse before it went on.
func tooBig(v constant.Value) bool { return v.Kind() == constant.Int && constant.BitLen(v) > 512 }

func isNumber(v constant.Value) bool { return v.Kind() == constant.Int || v.Kind() == constant.Float }

func (s *stack) binary() {
	y, x := s.pop(), s.pop()
	put := func(v constant.Value, word string) { s.push(v, word) }
	bothInt := x.Kind() == constant.Int && y.Kind() == constant.Int
	switch {
	case oneIn(5) && x.Kind() == y.Kind() || x.Kind() == constant.Bool && y.Kind() == constant.Bool:
		op := pick("==", "!=", "<", "<=", ">", ">=")
		if x.Kind() == constant.Bool {
			op = pick("==", "!=", "&&", "||")
			if op == "&&" || op == "||" {
				t := map[string]token.Token{"&&": token.LAND, "||": token.LOR}[op]
				put(constant.BinaryOp(x, t, y), op)
				return
			}
		}
		put(constant.MakeBool(constant.Compare(x, comparisons[op], y)), op)
	case x.Kind() == constant.String && y.Kind() == constant.String:
		put(constant.BinaryOp(x, token.ADD, y), "+")
	case bothInt && oneIn(2):
		op := pick("//", "%", "&", "|", "^", "&^")
		if constant.Sign(y) == 0 && (op == "//" || op == "%") {
			op = "&"
		}
		put(constant.BinaryOp(x, binary[op], y), op)
	case isNumber(x) && isNumber(y):
		op := pick("+", "-", "*", "/")
		if constant.Sign(y) == 0 && op == "/" {
			op = "+"
		}
		put(constant.BinaryOp(x, binary[op], y), op)
	default:
		put(y, "drop")
	}
}

func (s *stack) unary() {
	x := s.pop()
	n := uint(pick(0, 1, 3, 8, 63, 64, 100, 300))
	switch {
	case x.Kind() == constant.Bool:
		s.push(constant.UnaryOp(token.NOT, x, 0), "!")
	case x.Kind() == constant.Int && oneIn(2):
		switch rnd.Intn(4) {
		case 0:
			s.push(constant.Shift(x, token.SHL, n), fmt.Sprintf("<<%d", n))
		case 1:
			s.push(constant.Shift(x, token.SHR, n), fmt.Sprintf(">>%d", n))
		case 2:
			s.push(constant.UnaryOp(token.XOR, x, 0), "~0")
		default:
			bits := pick(8, 16, 32, 64)
			if constant.Sign(x) < 0 {
				bits = 0
			}
			s.push(constant.UnaryOp(token.XOR, x, uint(bits)), fmt.Sprintf("~%d", bits))
		}
	case isNumber(x) && oneIn(4):
		s.push(constant.ToFloat(x), "float")
	case isNumber(x):
		s.push(constant.UnaryOp(token.SUB, x, 0), "neg")
	default:
		s.push(x, "nop")
	}
}

func constantCase(int) {
	var s stack
	s.literal()
	for n := rnd.Intn(12); n > 0; n-- {
		before := len(s.values)
		switch {
		case before < 2 || oneIn(3):
			s.literal()
		case oneIn(3):
			s.unary()
		default:
			s.binary()
		}
		last := s.values[len(s.values)-1]
		if tooBig(last) || last.Kind() == constant.Unknown {
			break
		}
	}
	emit(strings.Join(s.words, " "), "=", described(s.pop()))
}

// ---- what fits ----

var basic = []string{"int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
	"float32", "float64"}

func edgeLiteral() string {
	switch rnd.Intn(4) {
	case 0: // around a power of two
		bits := pick(7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 1023, 1024)
		v := constant.Shift(constant.MakeInt64(1), token.SHL, uint(bits))
		v = constant.BinaryOp(v, token.ADD, constant.MakeInt64(int64(rnd.Intn(3)-1)))
		if bits > 512 { // else it is no constant at all
			return v.ExactString() + ".0"
		}
		return v.ExactString()
	case 1:
		return fmt.Sprintf("%d.%d", rnd.Intn(300), rnd.Intn(2)*rnd.Intn(10))
	case 2: // between two floats
		f := math.Abs(finite())
		return strconv.FormatFloat(f, 'e', 25, 64)
	default:
		return pick("3.4028235677973366e38", "3.4028235677973365e38", "3.40282346638528859811704183484516925440e38",
			"1.797693134862315808e308", "1.797693134862315807e308", "1e39", "1e400", "1e-50", "1e-400", "0x1p-149", "0x1p-150",
			"0x1.000001p-150", "0x1p-1075", "0x1.000001p-1075", "16777217", "16777219", "9007199254740993", "1e18", "1e19",
			"0x1.fffffefp127", "0x1.ffffffp127", "'a'", "true", "\"s\"")
	}
}

func fitCase(int) {
	lit := pick("", "", "-") + edgeLiteral()
	if strings.HasSuffix(lit, "true") || strings.HasSuffix(lit, "\"") {
		lit = strings.TrimPrefix(lit, "-")
	}
	typ := pick(basic...)
	text := "var _ " + typ + " = " + lit
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", "package p; "+text, 0)
	if err != nil {
		panic(text + ": " + err.Error())
	}
	verdict := "fits"
	config := types.Config{Error: func(err error) {
		switch {
		case strings.Contains(err.Error(), "truncated"):
			verdict = "truncated"
		case strings.Contains(err.Error(), "overflows"):
			verdict = "overflows"
		default:
			verdict = "mismatch"
		}
	}}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config.Check("p", set, []*ast.File{file}, info)
	value := "-"
	if verdict == "fits" {
		spec := file.Decls[0].(*ast.GenDecl).Specs[0].(*ast.ValueSpec)
		value = hexed(info.Types[spec.Values[0]].Value.ExactString())
	}
	emit(hexed(lit), typ, "=", verdict, value)
}
