package main

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// ---- strings ----

var pieces = []string{"a", "b", "ab", "aba", ",", ", ", " ", "\t", "\n", "A", "Z", "x1", "9", "/", ".",
	"é", "É", "ß", "ſ", "K", "İ", "ı", "ǅ", "ǆ", "Ǆ", "σ", "ς", "Σ", "Ω", "日本", "\u00a0", "\u2003", "\u3000",
	"\u0085", "\ufffd", "😀", "\x80", "\xff", "\xe6\x97", "\xed\xa0\x80", "\xc0\x80", "\"", "'", "\\", "`", "\x00",
	"\x7f", "\ufeff", "\u200b", "\u00ad", "\U0010ffff", "ᾳ", "ᾼ", "ⓐ", "Ⓐ", "𐐀", "𐐨"}

func randomText(most int) string {
	var b strings.Builder
	pool := pieces
	if oneIn(2) {
		pool = pieces[:12]
	}
	for n := rnd.Intn(most + 1); n > 0; n-- {
		if oneIn(20) {
			b.WriteRune(randomRune())
		} else {
			b.WriteString(pick(pool...))
		}
	}
	return b.String()
}

func randomRune() rune {
	switch rnd.Intn(6) {
	case 0:
		return rune(rnd.Intn(0x80))
	case 1:
		return rune(rnd.Intn(0x600))
	case 2:
		return rune(rnd.Intn(0x3100))
	case 3:
		return rune(rnd.Intn(0x20000))
	case 4:
		return rune(rnd.Intn(0x110000))
	default:
		return pick[rune](-1, 0xd800, 0xdfff, 0x110000, 0xfffd, 0, '\'', '"', '\\', 'a', math.MaxInt32, math.MinInt32)
	}
}

// mutated changes a byte or two of s.
func mutated(s string) string {
	b := []byte(s)
	for n := rnd.Intn(3); n > 0 && len(b) > 0; n-- {
		at := rnd.Intn(len(b))
		switch rnd.Intn(3) {
		case 0:
			b[at] = "0123456789abxXpPeE_+-. \"'\\`\nu"[rnd.Intn(28)]
		case 1:
			b = append(b[:at], b[at+1:]...)
		default:
			b = append(b[:at], append([]byte{b[rnd.Intn(len(b))]}, b[at:]...)...)
		}
	}
	return string(b)
}

func randomDigits(most, base int) string {
	var b strings.Builder
	for n := 1 + rnd.Intn(most); n > 0; n-- {
		b.WriteByte("0123456789abcdef"[rnd.Intn(base)])
		if oneIn(12) && n > 1 {
			b.WriteByte('_')
		}
	}
	return b.String()
}

func intText() string {
	edges := []string{"0", "1", "-1", "127", "128", "-128", "-129", "255", "256", "32767", "65535", "65536",
		"2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
		"18446744073709551615", "18446744073709551616", "+5", "", "-", "+", "_", "0_1", "0x", "0b", "0o", "0x_1", "1__0"}
	switch rnd.Intn(5) {
	case 0:
		return pick(edges...)
	case 1:
		return pick("", "-", "+") + strings.ReplaceAll(randomDigits(21, 10), "_", "")
	case 2:
		return pick("", "-", "+") + pick("0x", "0X", "0b", "0o", "0", "") + randomDigits(18, pick(2, 8, 10, 16))
	case 3:
		return mutated(pick(edges...))
	default:
		return strconv.FormatInt(rnd.Int63()>>uint(rnd.Intn(63)), pick(2, 8, 10, 16, 36))
	}
}

func floatString() string {
	edges := []string{"inf", "+Inf", "-infinity", "nan", "+nan", "NaN", "infinit", "1e400", "-1e400", "1e-400", "0x1p1100",
		"4.9e-324", "2.4e-324", "2.5e-324", "1.7976931348623157e308", "1.7976931348623159e308", "3.4028235e38",
		"3.4028236e38", "0x1.fffffffffffff8p1023", "0x1p-1074", "0x.8p-1074", "0x.800001p-1074", ".", ".e1", "1.", ".5",
		"1e", "1e+", "0x1", "0x1.8", "0x", "0xp1", "1_0.5", "0x_1p1", "0x1_0p1", "1e1_0", "0x1p1_0", "1 ", " 1", "", "-", "+0", "-0"}
	switch rnd.Intn(7) {
	case 0:
		return pick(edges...)
	case 1:
		return strconv.FormatFloat(randomFloat(), pick[byte]('e', 'f', 'g', 'x', 'b'), rnd.Intn(25)-1, 64)
	case 2:
		return mutated(strconv.FormatFloat(randomFloat(), pick[byte]('e', 'g', 'x'), -1, 64))
	case 3:
		return fmt.Sprintf("%s%s.%se%d", pick("", "-", "+"), clean(randomDigits(20, 10)), clean(randomDigits(20, 10)), rnd.Intn(700)-350)
	case 4:
		return fmt.Sprintf("0x%s.%sp%d", clean(randomDigits(16, 16)), clean(randomDigits(16, 16)), rnd.Intn(2300)-1150)
	case 5: // halfway between two floats
		f := math.Abs(randomFloat())
		a, b := strconv.FormatFloat(f, 'f', 80, 64), ""
		if f < 1e15 && f > 1e-15 {
			half := new(strings.Builder)
			half.WriteString(a)
			half.WriteString(pick("", "5", "50000000000000000000000001"))
			b = half.String()
			return b
		}
		return a
	default:
		return clean(randomDigits(30, 10)) + pick("", "e5", "e-5", "E+10")
	}
}

func clean(s string) string { return strings.ReplaceAll(s, "_", "") }

func durationText() string {
	edges := []string{"", "0", "+0", "-0", "30", "1x", "1s2", "s", ".s", "-.s", "1.s", "1.5.s", "--1s", "9223372036854775807ns",
		"9223372036854775808ns", "-9223372036854775808ns", "2562047h47m16.854775807s", "2562047h47m16.854775808s",
		"0.3333333333333333333h", "9007199254740993ns", "0.100000000000000000000h", "0.830103483285477580700h",
		"1\"s", "1é", "1\xff", "3000000h", "1\\m", "0.9223372036854775807h", "0.00000000000000000000001h"}
	if oneIn(3) {
		return pick(edges...)
	}
	var b strings.Builder
	b.WriteString(pick("", "", "-", "+"))
	for n := 1 + rnd.Intn(3); n > 0; n-- {
		b.WriteString(clean(randomDigits(6, 10)))
		if oneIn(2) {
			b.WriteString("." + clean(randomDigits(12, 10)))
		}
		b.WriteString(pick("ns", "us", "µs", "μs", "ms", "s", "m", "h"))
	}
	if oneIn(5) {
		return mutated(b.String())
	}
	return b.String()
}

func pathText() string {
	var b strings.Builder
	for n := rnd.Intn(7); n > 0; n-- {
		b.WriteString(pick("a", "bc", ".", "..", "/", "/", "//", "x.tar.gz", ".hidden", "é"))
	}
	return b.String()
}

func patternText() string {
	var b strings.Builder
	for n := rnd.Intn(7); n > 0; n-- {
		b.WriteString(pick("a", "b", "*", "?", "[a-c]", "[^a]", "[]", "[a", "\\*", "\\", "/", "[a-]", "[-a]", "[\\]a]", "é", "[é-ü]", "a*b", "]", "["))
	}
	return b.String()
}

func quotedText() string {
	s := randomText(6)
	switch rnd.Intn(8) {
	case 0:
		return strconv.Quote(s)
	case 1:
		return strconv.QuoteToASCII(s)
	case 2:
		return "`" + s + "`"
	case 3:
		return strconv.QuoteRune(randomRune())
	case 4:
		return mutated(strconv.Quote(s))
	case 5:
		return "\"" + s + "\""
	case 6:
		return pick("\"", "'") + pick("\\x41", "\\xff", "\\377", "\\400", "\\u00e9", "\\ud800", "\\U0010ffff", "\\U00110000", "\\'", "\\\"", "\\q", "\\", "\\08", "\\xg") + pick("\"", "'", "")
	default:
		return s
	}
}

func stringFor(name string, at int) string {
	switch name {
	case "strconv.Atoi", "strconv.ParseInt", "strconv.ParseUint":
		return intText()
	case "strconv.ParseFloat":
		return floatString()
	case "strconv.ParseBool":
		return pick("1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False", "tRUE", "", "yes")
	case "strconv.Unquote":
		return quotedText()
	case "strconv.UnquoteChar":
		q := quotedText()
		if len(q) > 0 && oneIn(2) {
			q = q[1:]
		}
		return q
	case "time.ParseDuration":
		return durationText()
	case "path.Match":
		if at == 0 {
			return patternText()
		}
		return pick("", "a", "ab", "abc", "a/b", "ba", "*", "é", "b]", "a-c", "abab", "]", "\\")
	case "strings.EqualFold":
		if at == 1 && oneIn(2) {
			return strings.ToUpper(lastText)
		}
	}
	if strings.HasPrefix(name, "path.") {
		return pathText()
	}
	if at > 0 && oneIn(2) && strings.HasPrefix(name, "strings.") && len(lastText) > 0 {
		// A part of the first argument, so that something is found.
		from := rnd.Intn(len(lastText))
		to := from + rnd.Intn(len(lastText)-from) + 1
		if to > from+3 && oneIn(2) {
			to = from + 1 + rnd.Intn(3)
		}
		return lastText[from:to]
	}
	s := randomText(pick(3, 8, 14))
	if at == 0 {
		lastText = s
	}
	return s
}

var lastText string

// ---- numbers ----

func randomInt() int64 {
	switch rnd.Intn(5) {
	case 0:
		return int64(rnd.Intn(10))
	case 1:
		return -int64(rnd.Intn(1000))
	case 2:
		return pick[int64](math.MaxInt64, math.MinInt64, math.MaxInt32, math.MinInt32, 0, -1, 1)
	case 3:
		return int64(rnd.Uint64())
	default:
		return int64(rnd.Uint64() >> uint(rnd.Intn(64)))
	}
}

// Go 1.26 rounds the shortest form of float32(2^-12), which is halfway between
// two of 8 digits, to the odd one: a mistake in its table of exceptions. That one value is left out.
func randomFloat() float64 {
	for {
		if f := anyFloat(); math.Abs(float64(float32(f))) != 0x1p-12 {
			return f
		}
	}
}

func anyFloat() float64 {
	switch rnd.Intn(9) {
	case 0:
		return math.Float64frombits(rnd.Uint64())
	case 1:
		return float64(math.Float32frombits(rnd.Uint32()))
	case 2:
		return pick(0, math.Copysign(0, -1), 1, -1, 0.1, 0.5, 1.5, 2.5, -2.5, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64,
			math.SmallestNonzeroFloat64, math.Pi, 1e21, 1e20, 1e-5, 1e-4, 123456789, 9007199254740993, 4503599627370497.5,
			math.MaxFloat32, 0x1p-1022, 0x1p-126, 0x1p-149)
	case 3:
		return math.Ldexp(1, rnd.Intn(2098)-1074)
	case 4:
		return float64(rnd.Intn(20000)-10000) / 100
	case 5:
		return math.Nextafter(math.Ldexp(1, rnd.Intn(2098)-1074), pick(math.Inf(1), 0))
	case 6:
		return math.Float64frombits(rnd.Uint64() >> 12) // subnormal
	case 7:
		return float64(rnd.Intn(2000)-1000) / 2
	default:
		return rnd.NormFloat64() * math.Pow(10, float64(rnd.Intn(40)-20))
	}
}

// powerArgument leaves fractions of exponents out, which the library refuses.
func powerArgument(at int) float64 {
	f := randomFloat()
	if at == 0 {
		return pick(f, float64(rnd.Intn(20)), float64(rnd.Intn(400)-200)/8, 10, 2)
	}
	return pick(math.Trunc(f), float64(rnd.Intn(100)-50), float64(rnd.Intn(20)), 0.5, -0.5)
}

func numberFor(name string, at int, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(oneIn(2))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(randomFloat())
		if name == "math.Pow" {
			v.SetFloat(powerArgument(at))
		}
	case reflect.Uint8:
		c := pick[byte]('a', ',', 0, 0xff, '"', '\'', 0x80)
		if name == "strconv.FormatFloat" {
			c = pick[byte]('b', 'e', 'E', 'f', 'g', 'G', 'x', 'X', 'e', 'f', 'g', 'q')
		}
		if name == "strconv.UnquoteChar" {
			c = pick[byte]('"', '\'', 0, '`')
		}
		v.SetUint(uint64(c))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(rnd.Uint64() >> uint(rnd.Intn(64)))
		if v.Kind() == reflect.Uint32 {
			v.SetUint(uint64(rnd.Uint32()))
		}
	default:
		n := randomInt()
		switch {
		case v.Type() == reflect.TypeOf(time.Second):
			if at == 1 {
				n = pick(int64(time.Second), int64(time.Millisecond), int64(time.Hour), 0, -5, 7, 1000, n)
			} else if oneIn(2) {
				n = int64(rnd.Intn(100000)) * pick[int64](1, 1000, 1e6, 1e9, 1e8, 6e10)
			}
		case v.Kind() == reflect.Int32:
			n = int64(randomRune())
		case name == "strconv.FormatFloat" && at == 2:
			n = int64(pick(-1, -1, -1, 0, 1, 2, 5, 6, 15, 16, 17, 18, 20, 40, 800, 1100))
		case name == "strconv.FormatFloat" || name == "strconv.ParseFloat":
			n = int64(pick(32, 64))
		case name == "strconv.ParseInt" || name == "strconv.ParseUint":
			if at == 1 {
				n = int64(pick(0, 0, 10, 10, 2, 8, 16, 36, 1, 37, -1))
			} else {
				n = int64(pick(0, 8, 16, 32, 64, 64, 1, 63, 65, -1))
			}
		case strings.HasPrefix(name, "strconv.Format"):
			n = int64(pick(2, 8, 10, 10, 16, 36, 7, 1, 37))
			if at == 0 {
				n = randomInt()
			}
		case strings.HasPrefix(name, "strings."):
			n = int64(rnd.Intn(8) - 2)
		case name == "math.Ldexp":
			n = int64(rnd.Intn(4400) - 2200)
		case strings.HasPrefix(name, "math.Is") || name == "math.Inf":
			n = int64(rnd.Intn(3) - 1)
		}
		v.SetInt(n)
	}
}
