package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Types of every kind that a configuration can have, with and without methods.
type (
	Level int
	Small uint8
	Name  string
	Ratio float32
	Flag  bool
	Bytes []byte
	Names []Name
	Point struct{ X, Y int }
	Mixed struct {
		Name   string
		inner  Level
		Any    any
		List   []string
		Err    error
		Ratio  float64
		hidden Worded
		Map    map[string]int
	}
	Node struct {
		Label string
		Next  *Node
	}
	Worded  struct{ Word string }
	Pointed struct{ Word string }
	Failing struct{ Code int }
	Panicky struct{ Why string }
	Go      struct{ A int }
	Key     struct {
		A string
		B int8
	}
	Empty struct{}
	Both  int
)

func (l Level) String() string    { return "level-" + strconv.Itoa(int(l)) }
func (w Worded) String() string   { return "«" + w.Word + "»" }
func (p *Pointed) String() string { return "&" + p.Word }
func (f Failing) Error() string   { return "failing " + strconv.Itoa(f.Code) }
func (p Panicky) String() string  { panic(p.Why) }
func (g Go) GoString() string     { return "Go(" + strconv.Itoa(g.A) + ")" }
func (b Both) String() string     { return "string" }
func (b Both) Error() string      { return "error" }

var shapes = []any{false, 0, int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0),
	uintptr(0), float32(0), 0.0, "", Level(0), Small(0), Name(""), Ratio(0), Flag(false), Bytes(nil), Names(nil), []byte(nil),
	[]int(nil), []string(nil), []float64(nil), []any(nil), [][]int(nil), [3]byte{}, [2]string{}, [0]int{}, [2]Level{}, Point{},
	Mixed{}, Worded{}, Pointed{}, Failing{}, Panicky{}, Go{}, Key{}, Empty{}, Both(0), map[string]int(nil), map[int]string(nil),
	map[Key]bool(nil), map[float64]string(nil), map[bool]Level(nil), map[string]any(nil), map[Level]Worded(nil),
	map[[2]int]string(nil), time.Duration(0), struct {
		A int
		b string
	}{}, []Worded(nil), []error(nil), []Panicky(nil), map[string][]string(nil), []Point(nil), []*Point(nil)}

func fill(v reflect.Value, depth int) {
	if !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Bool, reflect.Float32, reflect.Float64, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		numberFor("", 0, v)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(pick(rnd.Uint64()>>uint(rnd.Intn(64)), uint64(rnd.Intn(300)), 0))
	case reflect.String:
		v.SetString(randomText(4))
	case reflect.Slice:
		if oneIn(4) {
			return
		}
		n := rnd.Intn(4)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := 0; i < n; i++ {
			fill(v.Index(i), depth+1)
		}
	case reflect.Array:
		for i := 0; i < v.Len(); i++ {
			fill(v.Index(i), depth+1)
		}
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			fill(v.Field(i), depth+1)
		}
	case reflect.Map:
		if oneIn(4) {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for n := rnd.Intn(5); n > 0; n-- {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, depth+1)
			fill(value, depth+1)
			v.SetMapIndex(key, value)
		}
	case reflect.Pointer:
		if oneIn(3) {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth+1)
		}
	case reflect.Interface:
		if v.NumMethod() > 0 {
			v.Set(reflect.ValueOf(pick[error](Failing{rnd.Intn(9)}, errors.New(randomText(2)), Both(1))))
		} else if depth < 3 && !oneIn(3) {
			v.Set(reflect.ValueOf(anyValue(depth + 1)))
		}
	}
}

func anyValue(depth int) any {
	v := reflect.New(reflect.TypeOf(pick(shapes...)))
	fill(v.Elem(), depth)
	if m, ok := v.Elem().Interface().(Mixed); ok {
		// Unexported fields are set here: reflection may not.
		m.inner, m.hidden = Level(rnd.Intn(5)), Worded{randomText(1)}
		return pick[any](m, &m)
	}
	if depth == 0 && oneIn(8) {
		return v.Interface()
	}
	return v.Elem().Interface()
}

func argumentValue() any {
	switch rnd.Intn(12) {
	case 0:
		return nil
	case 1:
		return pick[any](errors.New("plain"), fmt.Errorf("wrap %w", errors.New("in")), Failing{3}, (*Point)(nil), (*Pointed)(nil),
			&Pointed{"p"}, (*Worded)(nil), &Worded{"w"}, &Node{"a", nil}, &Node{"a", &Node{}}, &[]int{1}, &map[string]int{"a": 1},
			&[2]int{1, 2}, (func())(nil), new(int), &[]any{nil})
	case 2, 3, 4:
		return pick[any](rnd.Intn(100), randomInt(), randomText(3), randomFloat(), oneIn(2), time.Duration(randomInt()), uint8(rnd.Intn(256)))
	}
	return anyValue(0)
}

func randomVerb() string {
	var b strings.Builder
	b.WriteByte('%')
	for n := pick(0, 0, 0, 1, 1, 2, 3); n > 0; n-- {
		b.WriteString(pick("+", "-", "#", " ", "0"))
	}
	if oneIn(12) {
		b.WriteString(pick("[1]", "[2]", "[3]", "[0]", "[9]", "[", "[x]", "[]", "[-1]", "[1]5"))
	}
	if oneIn(3) {
		b.WriteString(pick("1", "5", "12", "20", "*", "[1]*", "0", "12345678"))
	}
	if oneIn(4) {
		b.WriteString("." + pick("", "0", "1", "3", "10", "*", "[2]*", "40", "*"))
	}
	if oneIn(20) {
		b.WriteString(pick("[1]", "[2]"))
	}
	b.WriteString(pick("v", "v", "v", "d", "s", "q", "x", "X", "t", "b", "o", "O", "c", "U", "e", "E", "f", "F", "g", "G", "T", "w", "p",
		"%", "z", "é", "!", "", "v", "s", "d"))
	return b.String()
}

func randomFormat() string {
	var b strings.Builder
	for n := 1 + rnd.Intn(3); n > 0; n-- {
		b.WriteString(pick("", "", "a", " ", "x=", "é", "[1]", "\x80"))
		b.WriteString(randomVerb())
	}
	b.WriteString(pick("", "", " end", "%"))
	return b.String()
}

// A value is written as its parts one after the other, each behind a space.
type writer struct{ parts []string }

func (w *writer) add(parts ...string) { w.parts = append(w.parts, parts...) }

func safely(f func() string) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = "P" + hexed(fmt.Sprint(p))
		}
	}()
	return "T" + hexed(f())
}

func (w *writer) methods(v reflect.Value) {
	t := v.Type()
	texts := []string{"-", "-", "-"}
	for i, m := range []string{"Error", "String", "GoString"} {
		method, has := t.MethodByName(m)
		if !has || method.Type.NumIn() != 1 || method.Type.NumOut() != 1 {
			continue
		}
		texts[i] = "!" // there, but not to be called
		if v.CanInterface() {
			texts[i] = safely(func() string { return v.MethodByName(m).Call(nil)[0].String() })
		}
	}
	w.add(texts...)
}

func (w *writer) value(v reflect.Value) {
	if !v.IsValid() {
		w.add("nil")
		return
	}
	kind := v.Kind().String()
	w.add(kind, hexed(v.Type().String()))
	if kind == "interface" {
		w.add(strconv.FormatBool(v.IsNil()))
		if !v.IsNil() {
			w.value(v.Elem())
		}
		return
	}
	w.methods(v)
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Func:
		w.add(strconv.FormatBool(v.IsNil()))
	}
	switch v.Kind() {
	case reflect.Bool:
		w.add(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.add(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		w.add(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		w.add(strconv.FormatUint(math.Float64bits(v.Float()), 16))
	case reflect.String:
		w.add("h" + hexed(v.String()))
	case reflect.Slice, reflect.Array:
		w.add(v.Type().Elem().Kind().String(), strconv.Itoa(v.Len()))
		for i := 0; i < v.Len(); i++ {
			w.value(v.Index(i))
		}
	case reflect.Struct:
		w.add(strconv.Itoa(v.NumField()))
		for i := 0; i < v.NumField(); i++ {
			w.add("h" + hexed(v.Type().Field(i).Name))
			w.value(v.Field(i))
		}
	case reflect.Map:
		w.add(strconv.Itoa(v.Len()))
		for it := v.MapRange(); it.Next(); {
			w.value(it.Key())
			w.value(it.Value())
		}
	case reflect.Pointer:
		w.add(v.Type().Elem().Kind().String())
		if !v.IsNil() {
			w.value(v.Elem())
		}
	}
}

// hasFixedAddress says whether %p of it is the same twice: of what has no size.
func hasFixedAddress(a any) bool {
	v := reflect.ValueOf(a)
	switch v.Kind() {
	case reflect.Slice:
		return !v.IsNil() && v.Len() == 0 && v.Cap() == 0
	case reflect.Pointer:
		return !v.IsNil() && v.Type().Elem().Size() == 0
	}
	return false
}

func formatArguments(format string) []any {
	args := make([]any, rnd.Intn(4))
	for k := range args {
		for args[k] = argumentValue(); hasFixedAddress(args[k]) && strings.Contains(format, "p"); {
			args[k] = argumentValue()
		}
	}
	return args
}

// formatted also gives how many errors were wrapped, or -1.
func formatted(call, format string, args []any) (text string, wrapped int) {
	switch call {
	case "Sprintf":
		return fmt.Sprintf(format, args...), -1
	case "Errorf":
		err := fmt.Errorf(format, args...)
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return err.Error(), 0
			}
			return err.Error(), 1
		case interface{ Unwrap() []error }:
			return err.Error(), len(e.Unwrap())
		}
		return err.Error(), -1
	case "Sprint":
		return fmt.Sprint(args...), -1
	default:
		return fmt.Sprintln(args...), -1
	}
}

func fmtCase(int) {
	format, call := randomFormat(), pick("Sprintf", "Sprintf", "Sprintf", "Errorf", "Sprint", "Sprintln")
	// The arguments are made twice: where the texts differ, an address is in them.
	all, seed := rnd, rnd.Int63()
	rnd = rand.New(rand.NewSource(seed))
	args := formatArguments(format)
	rnd = rand.New(rand.NewSource(seed))
	again := formatArguments(format)
	rnd = all
	text, wrapped := formatted(call, format, args)
	other, _ := formatted(call, format, again)
	w := &writer{}
	for _, a := range args {
		w.value(reflect.ValueOf(a))
	}
	answer := "T" + hexed(text)
	if text != other {
		answer = "address"
	}
	emit(call, hexed(format), strconv.Itoa(len(args)), strings.Join(w.parts, " "), "=", answer, strconv.Itoa(wrapped))
}
