"""Every statement, operator and form that a run must have tried often enough."""

OPERATORS = ["+", "-", "*", "/", "%", "&", "|", "^", "&^", "<<", ">>", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!",
             "+ (unary)", "- (unary)", "^ (unary)", "& (address)", "* (of a pointer)", "+ (of strings)",
             "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "&^=", "<<=", ">>="]

STATEMENTS = ["statement ++", "statement --", "statement if", "if with a statement", "else", "else if", "statement switch",
              "switch with a statement", "switch without a value", "type switch", "case", "case with several values",
              "default", "statement fallthrough", "statement for", "for with a condition", "for without a condition",
              "range over a number", "range over a slice", "range over an array", "range over a string", "range over a map",
              "statement break", "statement continue", "labelled break", "labelled continue", "statement return",
              "bare return", "block", "short declaration", "var declaration", "var without a value", "grouped declaration",
              "const declaration", "type declaration", "function declaration", "method declaration", "func init",
              "assignment", "assignment to several", "assignment to a field", "assignment to an element",
              "assignment to a map", "assignment through a pointer", "assignment to _", "package of several files", "package variable"]

FORMS = ["append", "append with ...", "cap", "clear", "copy", "delete", "len", "make of a map", "make of a slice", "max", "min",
         "new", "&T{}", "[...] array", "argument with ...", "call of a function", "call of a method", "closure",
         "comparison of structs, arrays, interfaces", "comparison with nil", "conversion of numbers",
         "conversion of strings", "copy of a struct", "elided type in a composite literal", "embedded type", "field",
         "functions as values", "index of a map", "index of a string", "index of an array",
         "indexes in a composite literal", "iota", "method expression", "method value", "method with a pointer receiver",
         "operator of constants", "order of calls", "recursion", "results as arguments", "several results", "shadowed name",
         "slice converted to an array", "slice of a slice", "slice of a string", "slice with three indexes",
         "slices that share memory", "string of []byte", "string of []rune", "string of a rune", "[]byte and []rune of a string",
         "struct literal without names", "type assertion", "v, ok of a map", "variadic function"]

from scenes import SCENES

WANTED = [*("operator " + o for o in OPERATORS), *STATEMENTS, *FORMS, *("scene: " + s[0] for s in SCENES)]
