"""tools/tidy: each rule is broken once, in a tree that is clean otherwise, and must be named."""
import subprocess
import sys

from case import Folder, ROOT, case, equal, main

CLEAN = {
    "layers": "base\nmodel base\nrt base\nwire base model\nobserve base rt\napp *\n",
    "src/base/README.md": "Bytes.\n",
    "src/rt/README.md": "The loop.\n",
    "src/wire/README.md": "Formats.\n",
    "src/observe/README.md": "Probes.\n",
    "src/app/README.md": "The program.\n",
    "tests/README.md": "Tests mirror the tree.\n",
    "src/base/buf.h": "/* buf.h - bytes that grow. */\n#ifndef FIREBREAK_BASE_BUF_H\n"
                      "#define FIREBREAK_BASE_BUF_H\nextern const int buf_max;\n#endif\n",
    "src/base/buf.c": '#include "base/buf.h"\n\n#include <string.h>\n\nconst int buf_max = 3;\n'
                      "static const char *const names[] = {\"a\", \"b\"};\n\n"
                      "const char *buf_name(int i)\n{\n    return names[i];\n}\n",
    "tests/base/buf_test.c": '#include "base/buf.h"\n\nint counter;\n',
    "src/rt/loop.c": "#include <unistd.h>\n\nstatic int loops;\n",
    "src/observe/observe.h": "/* observe.h - resources in, samples out. */\n"
                             "#ifndef FIREBREAK_OBSERVE_OBSERVE_H\n"
                             "#define FIREBREAK_OBSERVE_OBSERVE_H\n#endif\n",
    "src/observe/inner.h": "/* inner.h - nobody else's. */\n#ifndef FIREBREAK_OBSERVE_INNER_H\n"
                           "#define FIREBREAK_OBSERVE_INNER_H\n#endif\n",
    "src/app/main.c": '#include "observe/observe.h"\n\nint main(void)\n{\n    return 0;\n}\n',
}
LONG = "void buf_long(void)\n{\n" + "    (void)0;\n" * 68 + "}\n"


def findings(files=None):
    """(rules found broken, lines printed) for the clean tree with some files changed."""
    with Folder() as f:
        for name, text in {**CLEAN, **(files or {})}.items():
            if text is not None:
                f.write(name, text)
        done = subprocess.run([sys.executable, ROOT / "tools/tidy", "--root", f.path], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        lines = done.stdout.splitlines()
        assert done.returncode in (0, 1) and (done.returncode == 1) == bool(lines), done
        return sorted({line.split(": ")[1] for line in lines}), lines


def broken(files):
    return findings(files=files)[0]


def added(name, text):
    return {name: CLEAN[name] + text}


@case
def a_clean_tree_has_no_findings():
    equal(findings(), ([], []))


@case
def an_include_that_layers_does_not_name():
    rules, lines = findings(files=added("src/base/buf.c", '#include "rt/loop.h"\n')
                            | {"src/rt/loop.h": "/* loop.h - x. */\n#ifndef FIREBREAK_RT_LOOP_H\n"
                                                "#define FIREBREAK_RT_LOOP_H\n#endif\n",
                               "src/rt/loop.c": '#include "rt/loop.h"\n'})
    equal(rules, ["layers"])
    equal(lines, ["src/base/buf.c:12: layers: base may not include rt: see `layers`"])


@case
def a_folder_that_layers_does_not_know():
    equal(broken({"src/other/README.md": "Other.\n", "src/other/x.c": "int x(void);\n"}), ["layers"])


@case
def an_include_of_a_file_that_is_not_there():
    equal(broken(added("src/base/buf.c", '#include "base/none.h"\n')), ["layers"])


@case
def a_stage_is_included_by_its_public_header_only():
    equal(broken({"src/app/main.c": '#include "observe/inner.h"\n'}), ["layers"])


@case
def kernel_headers_stay_in_the_runtime():
    for header in ("unistd.h", "sys/socket.h", "time.h", "pthread.h", "netinet/in.h"):
        equal(broken(added("src/base/buf.c", f"#include <{header}>\n")), ["kernel header"])
    equal(broken(added("src/base/buf.c", "#include <sys/types.h>\n")), [])


@case
def the_own_header_comes_first():
    equal(broken({"src/base/buf.c": '#include <string.h>\n#include "base/buf.h"\n'}),
          ["own header"])


@case
def headers_in_a_circle():
    def header(name, other):
        guard = f"FIREBREAK_BASE_{name.upper()}_H"
        return (f"/* {name}.h - a half. */\n#ifndef {guard}\n#define {guard}\n"
                f'#include "base/{other}.h"\n#endif\n')
    equal(broken({"src/base/x.h": header("x", "y"), "src/base/y.h": header("y", "x")}),
          ["header cycle"])


@case
def a_header_without_its_guard_or_its_first_line():
    body = CLEAN["src/base/buf.h"]
    equal(broken({"src/base/buf.h": body.replace("BASE_BUF_H", "BUF_H")}), ["guard"])
    equal(broken({"src/base/buf.h": body.replace("/* buf.h - bytes", "/* Bytes")}), ["guard"])


@case
def a_function_of_71_lines_and_one_of_70():
    equal(broken(added("src/base/buf.c", "\n" + LONG.replace("{\n", "{\n", 1))), ["function"])
    equal(broken(added("src/base/buf.c", "\n" + LONG.replace("    (void)0;\n", "", 1))), [])


@case
def a_long_function_behind_a_conditional_signature():
    text = ("\n#ifdef A\nvoid buf_a(int a)\n#else\nvoid buf_a(long a)\n#endif\n{\n"
            + "    (void)a;\n" * 75 + "}\n")
    equal(broken(added("src/base/buf.c", text)), ["function"])


@case
def a_file_of_801_lines():
    filler = "/* x */\n" * (800 - CLEAN["src/base/buf.c"].count("\n"))
    equal(broken(added("src/base/buf.c", filler)), [])
    equal(broken(added("src/base/buf.c", filler + "/* y */\n")), ["file"])


@case
def a_line_of_101_columns():
    equal(broken(added("src/base/buf.c", "/* " + "x" * 94 + " */\n")), [])
    equal(broken(added("src/base/buf.c", "/* " + "x" * 95 + " */\n")), ["columns"])


@case
def functions_that_are_banned():
    for call in ("strcpy(a, b)", "sprintf(a, b)", "getaddrinfo(a, b, c, d)", "system(a)",
                 "regcomp(a, b, c)", "sleep(1)", "strtok(a, b)"):
        text = f"\nvoid buf_x(char *a)\n{{\n    {call};\n}}\n"
        equal(broken(added("src/base/buf.c", text)), ["banned"])
    equal(broken(added("src/base/buf.c", "/* strcpy(a, b) */\nconst char *const s = \"system(x)\";\n")),
          [])
    equal(broken({"tests/base/buf_test.c": "void f(char *a)\n{\n    sleep(1);\n}\n"}), [])
    equal(broken({"tests/base/buf_test.c": "void f(char *a)\n{\n    strcpy(a, a);\n}\n"}), ["banned"])


@case
def memory_that_nobody_counts():
    text = "\nvoid *app_x(void)\n{\n    return malloc(3);\n}\n"
    equal(broken(added("src/app/main.c", text)), ["banned"])
    equal(broken(added("src/base/buf.c", text)), [])


@case
def a_folder_without_a_readme():
    equal(broken({"src/wire/README.md": None, "src/wire/x.c": "", "tests/wire/x_test.c": ""}),
          ["readme"])
    equal(broken({"tests/README.md": None}), ["readme"])


@case
def a_codec_without_a_test():
    equal(broken({"src/wire/toml.c": "\n"}), ["test"])
    equal(broken({"src/wire/toml.c": "\n", "tests/wire/toml_test.c": "\n"}), [])
    equal(broken({"tests/base/buf_test.c": None}), ["test"])


@case
def mutable_variables_at_file_scope():
    for text in ("int seen;", "static int seen = 3;", "static const char *names[] = {\"a\"};",
                 "static struct { int a; } state;", "struct buf all[3];", "_Atomic int n;",
                 "static void (*hook)(int a);", "static _Thread_local int mine;",
                 "static struct pair {\n    int a;\n} state = {\n    .a = 1,\n};"):
        equal((text, broken(added("src/base/buf.c", "\n" + text + "\n"))), (text, ["file-scope"]))


@case
def a_static_variable_inside_a_function():
    equal(broken(added("src/base/buf.c", "\nvoid buf_x(void)\n{\n    static int calls;\n}\n")),
          ["file-scope"])
    equal(broken(added("src/base/buf.c", "\nvoid buf_x(void)\n{\n    if (buf_max) {\n"
                                         "        static char text[3];\n    }\n}\n")), ["file-scope"])


@case
def what_is_constant_or_no_variable_is_no_finding():
    for text in ("static const int a = 1;", "typedef int number;", "struct s {\n    int a;\n};",
                 "enum { A, B };", "int f(int a, void (*g)(int));", "static void (*const hook)(int);",
                 "static const struct { int a; } table[] = {{1}, {2}};", "struct opaque;",
                 "typedef void fn(void);", "static int f(void);", "extern int elsewhere;",
                 "static const char *const *const words = 0;", "_Static_assert(1, \"x\");",
                 "void f(void)\n{\n    static const int three = 3;\n    int local = 4;\n}",
                 "const struct s f(void)\n{\n    return (struct s){.a = 1};\n}"):
        equal((text, broken(added("src/base/buf.c", "\n" + text + "\n"))), (text, []))


@case
def rule_zero_lets_a_named_rule_pass():
    text = "\n/* Rule zero: mutable file-scope state. There is one process. */\nstatic int seen;\n"
    equal(broken(added("src/base/buf.c", text)), [])
    equal(broken(added("src/base/buf.c", text.replace("Rule zero: ", ""))), ["file-scope"])
    equal(broken(added("src/base/buf.c", text.replace("mutable file-scope", "banned"))),
          ["file-scope"])
    equal(broken(added("src/base/buf.c", text.replace("*/\n", "*/\n\n"))), ["file-scope"])


@case
def rule_zero_for_a_whole_file_stands_at_its_top():
    text = "/* Rule zero: test. It is shown by the tests of buf.c. */\n"
    equal(broken({"src/wire/toml.c": text}), [])


@case
def layers_may_not_name_what_stands_below():
    with Folder() as f:
        f.write("layers", "base wire\nwire\n")
        f.write("src/base/README.md", "x.\n")
        done = subprocess.run([sys.executable, ROOT / "tools/tidy", "--root", f.path], text=True,
                              stderr=subprocess.PIPE, check=False)
        equal((done.returncode, done.stderr),
              (1, "layers:1: base names wire, which does not stand above it\n"))


main()
