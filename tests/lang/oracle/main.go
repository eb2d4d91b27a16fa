// What real Go answers, for the tests of src/lang.
//
// usage: oracle KIND COUNT SEED     prints COUNT cases of a kind, one a line, fields between tabs:
//
//	lib      PACKAGE.FUNC ARG… = RESULT…       the functions of the library's table
//	fmt      FORMAT VALUE… = TEXT              verbs, flags and values
//	constant PROGRAM = KIND EXACT SHOWN …      expressions of untyped constants, in postfix form
//	literal  TEXT = KIND SIZE VALUE            right and wrong literals
//	fit      LITERAL TYPE = VERDICT            what fits which type
//	signature NAME = TYPE                      all that the packages export; COUNT is 1
//
// Strings are hexadecimal.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
)

var (
	rnd *rand.Rand
	out *bufio.Writer
)

func hexed(s string) string { return hex.EncodeToString([]byte(s)) }

func emit(fields ...string) {
	out.WriteString(strings.Join(fields, "\t"))
	out.WriteByte('\n')
}

func pick[T any](from ...T) T { return from[rnd.Intn(len(from))] }

// oneIn says true once in n times.
func oneIn(n int) bool { return rnd.Intn(n) == 0 }

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: oracle KIND COUNT SEED")
		os.Exit(2)
	}
	count, err := strconv.Atoi(os.Args[2])
	seed, err2 := strconv.ParseInt(os.Args[3], 10, 64)
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, "oracle: COUNT and SEED are numbers")
		os.Exit(2)
	}
	rnd = rand.New(rand.NewSource(seed))
	out = bufio.NewWriter(os.Stdout)
	defer out.Flush()
	kinds := map[string]func(int){"lib": libCase, "fmt": fmtCase, "constant": constantCase,
		"literal": literalCase, "fit": fitCase, "signature": signatureCase}
	run := kinds[os.Args[1]]
	if run == nil {
		fmt.Fprintln(os.Stderr, "oracle: no such kind:", os.Args[1])
		os.Exit(2)
	}
	for i := 0; i < count; i++ {
		run(i)
	}
}
