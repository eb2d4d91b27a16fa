package main

import (
	"errors"
	"fmt"
	"math"
	"path"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The functions by the names of the library's table; methods have their receiver first.
var library = map[string]any{
	"strings.Clone": strings.Clone, "strings.Compare": strings.Compare,
	"strings.Contains": strings.Contains, "strings.ContainsAny": strings.ContainsAny,
	"strings.ContainsFunc": strings.ContainsFunc, "strings.ContainsRune": strings.ContainsRune,
	"strings.Count": strings.Count, "strings.Cut": strings.Cut,
	"strings.CutPrefix": strings.CutPrefix, "strings.CutSuffix": strings.CutSuffix,
	"strings.EqualFold": strings.EqualFold, "strings.Fields": strings.Fields,
	"strings.FieldsFunc": strings.FieldsFunc, "strings.HasPrefix": strings.HasPrefix,
	"strings.HasSuffix": strings.HasSuffix, "strings.Index": strings.Index,
	"strings.IndexAny": strings.IndexAny, "strings.IndexByte": strings.IndexByte,
	"strings.IndexFunc": strings.IndexFunc, "strings.IndexRune": strings.IndexRune,
	"strings.Join": strings.Join, "strings.LastIndex": strings.LastIndex,
	"strings.LastIndexAny": strings.LastIndexAny, "strings.LastIndexByte": strings.LastIndexByte,
	"strings.LastIndexFunc": strings.LastIndexFunc, "strings.Map": strings.Map,
	"strings.Repeat": strings.Repeat, "strings.Replace": strings.Replace,
	"strings.ReplaceAll": strings.ReplaceAll, "strings.Split": strings.Split,
	"strings.SplitAfter": strings.SplitAfter, "strings.SplitAfterN": strings.SplitAfterN,
	"strings.SplitN": strings.SplitN, "strings.ToLower": strings.ToLower,
	"strings.ToTitle": strings.ToTitle, "strings.ToUpper": strings.ToUpper,
	"strings.ToValidUTF8": strings.ToValidUTF8, "strings.Trim": strings.Trim,
	"strings.TrimFunc": strings.TrimFunc, "strings.TrimLeft": strings.TrimLeft,
	"strings.TrimLeftFunc": strings.TrimLeftFunc, "strings.TrimPrefix": strings.TrimPrefix,
	"strings.TrimRight": strings.TrimRight, "strings.TrimRightFunc": strings.TrimRightFunc,
	"strings.TrimSpace": strings.TrimSpace, "strings.TrimSuffix": strings.TrimSuffix,

	"strconv.Atoi": strconv.Atoi, "strconv.CanBackquote": strconv.CanBackquote,
	"strconv.FormatBool": strconv.FormatBool, "strconv.FormatFloat": strconv.FormatFloat,
	"strconv.FormatInt": strconv.FormatInt, "strconv.FormatUint": strconv.FormatUint,
	"strconv.IsGraphic": strconv.IsGraphic, "strconv.IsPrint": strconv.IsPrint,
	"strconv.Itoa": strconv.Itoa, "strconv.ParseBool": strconv.ParseBool,
	"strconv.ParseFloat": strconv.ParseFloat, "strconv.ParseInt": strconv.ParseInt,
	"strconv.ParseUint": strconv.ParseUint, "strconv.Quote": strconv.Quote,
	"strconv.QuoteRune":          strconv.QuoteRune,
	"strconv.QuoteRuneToASCII":   strconv.QuoteRuneToASCII,
	"strconv.QuoteRuneToGraphic": strconv.QuoteRuneToGraphic,
	"strconv.QuoteToASCII":       strconv.QuoteToASCII,
	"strconv.QuoteToGraphic":     strconv.QuoteToGraphic,
	"strconv.Unquote":            strconv.Unquote, "strconv.UnquoteChar": strconv.UnquoteChar,

	"path.Base": path.Base, "path.Clean": path.Clean, "path.Dir": path.Dir, "path.Ext": path.Ext,
	"path.IsAbs": path.IsAbs, "path.Join": path.Join, "path.Match": path.Match,
	"path.Split": path.Split,

	"math.Abs": math.Abs, "math.Ceil": math.Ceil, "math.Copysign": math.Copysign,
	"math.Dim": math.Dim, "math.FMA": math.FMA, "math.Float32bits": math.Float32bits,
	"math.Float32frombits": math.Float32frombits, "math.Float64bits": math.Float64bits,
	"math.Float64frombits": math.Float64frombits, "math.Floor": math.Floor,
	"math.Frexp": math.Frexp, "math.Inf": math.Inf, "math.IsInf": math.IsInf,
	"math.IsNaN": math.IsNaN, "math.Ldexp": math.Ldexp, "math.Max": math.Max, "math.Min": math.Min,
	"math.Mod": math.Mod, "math.Modf": math.Modf, "math.NaN": math.NaN,
	"math.Nextafter": math.Nextafter, "math.Pow": math.Pow, "math.Remainder": math.Remainder, "math.Round": math.Round,
	"math.RoundToEven": math.RoundToEven, "math.Signbit": math.Signbit, "math.Sqrt": math.Sqrt,
	"math.Trunc": math.Trunc,

	"time.Duration.Abs": time.Duration.Abs, "time.Duration.Hours": time.Duration.Hours,
	"time.Duration.Microseconds": time.Duration.Microseconds,
	"time.Duration.Milliseconds": time.Duration.Milliseconds,
	"time.Duration.Minutes":      time.Duration.Minutes,
	"time.Duration.Nanoseconds":  time.Duration.Nanoseconds,
	"time.Duration.Round":        time.Duration.Round, "time.Duration.Seconds": time.Duration.Seconds,
	"time.Duration.String": time.Duration.String, "time.Duration.Truncate": time.Duration.Truncate,
	"time.ParseDuration": time.ParseDuration,

	"errors.New": errors.New, "errors.Join": errors.Join, "errors.Is": errors.Is,
	"errors.Unwrap": errors.Unwrap,
}

var libraryNames = sortedKeys(library)

// Funcs that both sides have under a name.
var runeTests = map[string]func(rune) bool{
	"space": unicode.IsSpace, "digit": unicode.IsDigit, "upper": unicode.IsUpper,
	"comma": func(r rune) bool { return r == ',' }, "all": func(rune) bool { return true },
	"none":  func(rune) bool { return false },
	"wrong": func(r rune) bool { return r == unicode.ReplacementChar },
}

var runeMaps = map[string]func(rune) rune{
	"upper": unicode.ToUpper, "same": func(r rune) rune { return r },
	"drop": func(r rune) rune {
		if r == 'a' {
			return -1
		}
		return r
	},
	"odd": func(r rune) rune {
		if r == 'b' {
			return 0xd800
		}
		return r + 1
	},
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	// Insertion sort: few, and this file has no other use for package sort.
	for i := range keys {
		for j := i; j > 0 && keys[j] < keys[j-1]; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	return keys
}

var sentinels = []error{errors.New("first"), errors.New("second"), errors.New("")}

func randomError(depth int) error {
	switch n := rnd.Intn(6); {
	case n == 0:
		return nil
	case n < 4 || depth > 3:
		return pick(sentinels...)
	case n == 4:
		return fmt.Errorf("%w", errorOr(randomError(depth+1)))
	default:
		return errorOr(errors.Join(randomError(depth+1), randomError(depth+1)))
	}
}

func errorOr(err error) error {
	if err == nil {
		return sentinels[0]
	}
	return err
}

// An error is told by how it is made: a sentinel's number, or what it wraps.
func errorText(err error) string {
	if err == nil {
		return "n"
	}
	for i, s := range sentinels {
		if err == s {
			return fmt.Sprintf("s%d", i)
		}
	}
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		text := "j"
		for _, e := range list.Unwrap() {
			text += errorText(e)
		}
		return text + "."
	}
	if inner := errors.Unwrap(err); inner != nil {
		return "w" + errorText(inner)
	}
	return "?"
}

func floatText(f float64) string {
	if f != f {
		return "nan"
	}
	return strconv.FormatUint(math.Float64bits(f), 16)
}

func valueText(v reflect.Value, isArg bool) string {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.Itoa(map[bool]int{false: 0, true: 1}[v.Bool()])
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		if isArg {
			return strconv.FormatUint(math.Float64bits(v.Float()), 16)
		}
		return floatText(v.Float())
	case reflect.String:
		return hexed(v.String())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Interface {
			text := ""
			for i := 0; i < v.Len(); i++ {
				err, _ := v.Index(i).Interface().(error)
				text += errorText(err)
			}
			return text
		}
		if v.IsNil() && !isArg {
			return "nil"
		}
		var items []string
		for i := 0; i < v.Len(); i++ {
			items = append(items, hexed(v.Index(i).String()))
		}
		return fmt.Sprintf("%d:%s", v.Len(), strings.Join(items, ","))
	case reflect.Interface:
		err, _ := v.Interface().(error)
		if isArg {
			return errorText(err)
		}
		if err == nil {
			return "nil"
		}
		return "e" + hexed(err.Error())
	}
	panic("no text for " + v.Type().String())
}

// argument makes one for a parameter; funcs come with the name that both sides know.
func argument(name string, at int, t reflect.Type) (reflect.Value, string) {
	var v reflect.Value
	switch {
	case t.Kind() == reflect.Func && t.Out(0).Kind() == reflect.Bool:
		n := pick(sortedKeys(runeTests)...)
		return reflect.ValueOf(runeTests[n]), n
	case t.Kind() == reflect.Func:
		n := pick(sortedKeys(runeMaps)...)
		return reflect.ValueOf(runeMaps[n]), n
	case t.Kind() == reflect.String:
		v = reflect.ValueOf(stringFor(name, at))
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		items := make([]string, rnd.Intn(5))
		for i := range items {
			items[i] = stringFor(name, at)
		}
		v = reflect.ValueOf(items)
	case t.Kind() == reflect.Slice:
		items := make([]error, rnd.Intn(4))
		for i := range items {
			items[i] = randomError(0)
		}
		v = reflect.ValueOf(items)
	case t.Kind() == reflect.Interface:
		v = reflect.New(t).Elem()
		if err := randomError(0); err != nil {
			v.Set(reflect.ValueOf(err))
		}
	default:
		v = reflect.New(t).Elem()
		numberFor(name, at, v)
	}
	return v, valueText(v, true)
}

func libCase(i int) {
	name := libraryNames[i%len(libraryNames)]
	f := reflect.ValueOf(library[name])
	fields := []string{name}
	var args []reflect.Value
	for at := 0; at < f.Type().NumIn(); at++ {
		v, text := argument(name, at, f.Type().In(at))
		args = append(args, v)
		fields = append(fields, text)
	}
	fields = append(fields, "=")
	func() {
		defer func() {
			if p := recover(); p != nil {
				fields = append(fields, "P"+hexed(fmt.Sprint(p)))
			}
		}()
		var results []reflect.Value
		if f.Type().IsVariadic() {
			results = f.CallSlice(args)
		} else {
			results = f.Call(args)
		}
		for _, r := range results {
			fields = append(fields, valueText(r, false))
		}
	}()
	emit(fields...)
}
