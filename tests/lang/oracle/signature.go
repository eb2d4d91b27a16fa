package main

import (
	"go/constant"
	"go/importer"
	"go/token"
	"go/types"
	"math"
	"strconv"
	"strings"
)

// What the packages export: functions with their signatures, methods of Duration, constants.
func exported() [][]string {
	var all [][]string
	imports := importer.ForCompiler(token.NewFileSet(), "source", nil)
	for _, path := range []string{"errors", "fmt", "maps", "math", "path", "slices", "sort", "strconv", "strings", "time"} {
		pkg, err := imports.Import(path)
		if err != nil {
			panic(err)
		}
		for _, name := range pkg.Scope().Names() {
			o := pkg.Scope().Lookup(name)
			if !o.Exported() {
				continue
			}
			switch o := o.(type) {
			case *types.Func:
				all = append(all, []string{"func", path + "." + name, signature(pkg, o.Type().(*types.Signature), nil)})
			case *types.Const:
				f, _ := constant.Float64Val(constant.ToFloat(o.Val()))
				all = append(all, []string{"const", path + "." + name, types.TypeString(o.Type(), nil),
					strconv.FormatUint(math.Float64bits(f), 16)})
			case *types.TypeName:
				if named, ok := o.Type().(*types.Named); ok && name == "Duration" {
					for i := 0; i < named.NumMethods(); i++ {
						m := named.Method(i)
						all = append(all, []string{"func", path + ".Duration." + m.Name(),
							signature(pkg, m.Type().(*types.Signature), o.Type())})
					}
				}
			}
		}
	}
	return all
}

// signature is the one in Go's words where the library has that, else the types alone.
func signature(pkg *types.Package, s *types.Signature, receiver types.Type) string {
	names := func(p *types.Package) string { return p.Name() }
	if s.TypeParams().Len() > 0 || pkg.Path() == "sort" {
		return strings.ReplaceAll(types.TypeString(s, func(p *types.Package) string {
			if p == pkg {
				return ""
			}
			return p.Name()
		}), "interface{}", "any")
	}
	var params, results []string
	if receiver != nil {
		params = append(params, types.TypeString(receiver, names))
	}
	for i := 0; i < s.Params().Len(); i++ {
		text := types.TypeString(s.Params().At(i).Type(), names)
		if s.Variadic() && i == s.Params().Len()-1 {
			text = "..." + strings.TrimPrefix(text, "[]")
		}
		params = append(params, text)
	}
	for i := 0; i < s.Results().Len(); i++ {
		results = append(results, types.TypeString(s.Results().At(i).Type(), names))
	}
	return strings.Join(params, ",") + "->" + strings.Join(results, ",")
}

func signatureCase(int) {
	for _, fields := range exported() {
		emit(append([]string{fields[0], fields[1], "="}, fields[2:]...)...)
	}
}
