// What bench/config.c does, with other libraries: a configuration from its file to values, once a
// process. go/parser only reads the syntax, go/types checks it, too; the others go on to typed
// values (HCL, YAML) or to JSON (Jsonnet).
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-jsonnet"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"gopkg.in/yaml.v3"
)

type asset struct {
	Name   string            `json:"name" yaml:"name" hcl:"name,label"`
	Owner  string            `json:"owner" yaml:"owner" hcl:"owner,optional"`
	Labels map[string]string `json:"labels" yaml:"labels" hcl:"labels,optional"`
}

type config struct {
	Assets []asset `json:"assets" yaml:"assets" hcl:"asset,block"`
}

func fail(what string, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, what+":", err)
		os.Exit(1)
	}
}

func cpuNs() int64 {
	var ru syscall.Rusage
	fail("getrusage", syscall.Getrusage(syscall.RUSAGE_SELF, &ru))
	return ru.Utime.Nano() + ru.Stime.Nano()
}

func peakBytes() int64 {
	text, err := os.ReadFile("/proc/self/status")
	fail("status", err)
	for line := range strings.SplitSeq(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			fail("VmHWM", err)
			return kb * 1024
		}
	}
	return 0
}

func parseGo(path string) (*token.FileSet, *ast.File) {
	files := token.NewFileSet()
	text, err := os.ReadFile(path)
	fail(path, err)
	file, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
	fail(path, err)
	return files, file
}

// The elements of the literal, or 0 where it is built by a function.
func countLiteral(file *ast.File) (n int) {
	ast.Inspect(file, func(node ast.Node) bool {
		if list, ok := node.(*ast.CompositeLit); ok && n == 0 {
			if _, ok := list.Type.(*ast.ArrayType); ok {
				n = len(list.Elts)
			}
		}
		return n == 0
	})
	return n
}

type withOwn struct {
	own *types.Package
	std types.Importer
}

func (w withOwn) Import(path string) (*types.Package, error) {
	if path == w.own.Path() {
		return w.own, nil
	}
	return w.std.Import(path)
}

// The generated package and what the file imports are there before the clock starts.
func goImporter(path string) types.Importer {
	std := importer.ForCompiler(token.NewFileSet(), "source", nil)
	_, err := std.Import("fmt")
	fail("fmt", err)
	files, file := parseGo(filepath.Join(filepath.Dir(path), "firebreak", "firebreak.go"))
	conf := types.Config{Importer: std}
	own, err := conf.Check("ops/firebreak", files, []*ast.File{file}, nil)
	fail("firebreak.go", err)
	return withOwn{own, std}
}

func checkGo(path string, imports types.Importer) int {
	files, file := parseGo(path)
	info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	conf := types.Config{Importer: imports}
	_, err := conf.Check("ops", files, []*ast.File{file}, &info)
	fail(path, err)
	return countLiteral(file)
}

func loadHCL(path string) int {
	var c config
	text, err := os.ReadFile(path)
	fail(path, err)
	file, faults := hclsyntax.ParseConfig(text, path, hcl.InitialPos)
	if faults.HasErrors() {
		fail(path, faults)
	}
	if faults = gohcl.DecodeBody(file.Body, nil, &c); faults.HasErrors() {
		fail(path, faults)
	}
	return len(c.Assets)
}

func loadYAML(path string) int {
	var c config
	text, err := os.ReadFile(path)
	fail(path, err)
	fail(path, yaml.Unmarshal(text, &c))
	return len(c.Assets)
}

func loadJsonnet(path string) int {
	var c config
	text, err := os.ReadFile(path)
	fail(path, err)
	out, err := jsonnet.MakeVM().EvaluateAnonymousSnippet(path, string(text))
	fail(path, err)
	fail(path, json.Unmarshal([]byte(out), &c))
	return len(c.Assets)
}

func main() {
	if len(os.Args) != 4 {
		fail("usage", fmt.Errorf("config parser|types|hcl|yaml|jsonnet FILE OBJECTS"))
	}
	path, n := os.Args[2], 0
	var imports types.Importer
	if os.Args[1] == "types" {
		imports = goImporter(path)
	}
	cpu, wall := cpuNs(), time.Now()
	switch os.Args[1] {
	case "parser":
		_, file := parseGo(path)
		n = countLiteral(file)
	case "types":
		n = checkGo(path, imports)
	case "hcl":
		n = loadHCL(path)
	case "yaml":
		n = loadYAML(path)
	case "jsonnet":
		n = loadJsonnet(path)
	}
	spent, clock := cpuNs()-cpu, time.Since(wall).Nanoseconds()
	if strconv.Itoa(n) != os.Args[3] {
		fail(path, fmt.Errorf("%d assets, not %s", n, os.Args[3]))
	}
	fmt.Printf("RESULT case=load ops=1 cpu_ns=%d wall_ns=%d\n", spent, clock)
	fmt.Printf("RESULT case=peak ops=1 peak_bytes=%d\n", peakBytes())
}
