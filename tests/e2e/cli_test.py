"""Help, suggestions, version, manual and completion: all from the same tables."""
import re

from harness import *

COMMANDS = ["up", "probe", "run", "get", "describe", "why", "asset", "freeze", "unfreeze", "silence", "delete", "plan",
            "apply", "task", "node", "schedule", "store", "config", "explain", "docs", "completion", "version", "help"]


@case
def help_begins_with_examples():
    for args in (["-h"], ["--help"], ["help"]):
        r = firebreak(*args)
        equal((r.returncode, r.stderr), (0, ""))
        true(r.stdout.index("Examples") < r.stdout.index("Commands"))
    for c in COMMANDS:
        r = firebreak(c, "-h")
        equal((c, r.returncode, r.stderr), (c, 0, ""))
        true(r.stdout.index("Examples") < r.stdout.index("Usage"))
        equal(firebreak("help", c).stdout, r.stdout)
        true(all(len(x) <= 100 for x in r.stdout.splitlines()))


@case
def a_misspelt_word_gets_a_suggestion():
    for args, words in ((["prbe"], "did you mean 'probe'?"), (["probe", "--timeot", "1s", "h:1"], "did you mean --timeout?"),
                        (["probe", "h:1", "-o", "jsn"], "did you mean json"), (["--colr", "x"], "did you mean --color?"),
                        (["probe", "--color", "allways", "h:1"], "did you mean always?"), (["completion", "bsh"], "completion: 'bsh' is none of bash, zsh, fish, targets: did you mean bash?"),
                        (["help", "prob"], "did you mean 'probe'?"), (["docs", "man", "pobe"], "did you mean 'probe'?")):
        r = firebreak(*args)
        equal((args, r.returncode, r.stdout), (args, 2, ""))
        contains(r.stderr, words)


@case
def every_example_is_accepted():
    text = "".join(firebreak(c, "-h").stdout for c in ("probe", "up"))
    examples = re.findall(r"^  (firebreak probe .*)$", text, re.M)
    true(len(examples) >= 6)
    for line in examples:
        line = line.split("|")[0].replace("targets.txt", "/dev/null").replace("[OPTION...] TARGET...", "127.0.0.1:1")
        # --count 0 is refused after everything else was understood
        r = subprocess.run(["bash", "-c", line.replace("firebreak", BINARY, 1) + " --count 0"], capture_output=True,
                           text=True, timeout=30, cwd=folder())
        contains(r.stderr, "--count: 0 is outside")


@case
def version_is_an_object():
    v = json.loads(firebreak("--version", "-o", "json").stdout)
    equal(list(v), ["version", "commit", "api", "target", "compiler", "libraries"])
    equal(v["api"], "v1")
    true(re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", v["version"]))
    true(re.fullmatch(r"[0-9a-f]{12}|unknown", v["commit"]), v["commit"])
    true({"openssl", "c-ares", "pcre2", "glibc"} <= set(v["libraries"]))
    equal(json.loads(firebreak("version", "-o", "json").stdout), v)
    contains(firebreak("--version").stdout, v["version"])
    equal(firebreak("--version", "-o", "xml").returncode, 2)


@case
def colours_only_where_they_are_wanted():
    equal("\x1b" in firebreak("-h").stdout, False)
    equal("\x1b" in firebreak("-h", "--color", "always").stdout, True)
    equal("\x1b" in firebreak("probe", "127.0.0.1:1", "-o", "text", "--color", "always").stdout, True)


@case
def the_manual_renders_without_a_complaint():
    for args in ([], *[[c] for c in COMMANDS]):
        page = firebreak("docs", "man", *args).stdout
        true(page.startswith(".TH firebreak"))
        r = subprocess.run([need("groff"), "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, text=True)
        equal((args, r.stderr), (args, ""))


@case
def the_reference_in_docs_is_what_the_program_prints():
    with open(os.path.join(ROOT, "docs/commands.md")) as f:
        equal(f.read(), firebreak("docs", "markdown").stdout, "run: firebreak docs markdown > docs/commands.md")


@case
def every_option_is_in_every_document():
    text = firebreak("probe", "-h").stdout
    options = set(re.findall(r"--([a-z-]+)", text[text.index("Options"):text.index("Global options")]))
    true(len(options) >= 17)
    man, markdown = firebreak("docs", "man", "probe").stdout, firebreak("docs", "markdown").stdout
    completion = firebreak("completion", "bash").stdout
    for o in options:
        contains(man, "\\-\\-" + o.replace("-", "\\-"))
        contains(markdown, "--" + o)
        contains(completion, "--" + o)


@case
def bash_completes():
    bash = need("bash")

    def complete(*words):
        script = ('source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _firebreak; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        r = subprocess.run([bash, "-c", script, BINARY, *words], capture_output=True, text=True, timeout=30)
        equal(r.stderr, "")
        return r.stdout.split()
    equal(sorted(complete("firebreak", "")), sorted(COMMANDS))
    equal(complete("firebreak", "pro"), ["probe"])
    equal(complete("firebreak", "probe", "--time"), ["--timeout"])
    equal(complete("firebreak", "probe", "-o", "json"), ["json", "jsonl", "jsonpath="])
    equal(complete("firebreak", "probe", "--color", "a"), ["auto", "always"])
    equal(complete("firebreak", "up", "--on"), ["--once"])
    equal(complete("firebreak", "completion", ""), ["bash", "zsh", "fish", "targets"])
    equal(sorted(complete("firebreak", "docs", "")), ["config", "man", "markdown", "states"])
    d = folder()
    write(os.path.join(d, "targets.txt"), "")
    equal(complete("firebreak", "probe", "-f", d + "/t"), [d + "/targets.txt"])


def known_hosts():
    """A home whose ssh knows two hosts, one of them on another port, and one that is hashed."""
    home = folder()
    os.mkdir(home + "/.ssh")
    write(home + "/.ssh/known_hosts", "db7.known.example,192.0.2.7 ssh-ed25519 AAAA\n"
          "[web9.known.example]:2222 ssh-ed25519 AAAA\n|1|aGFzaGVk|aGFzaA= ssh-ed25519 AAAA\n")
    return home


@case
def bash_knows_hosts():
    script = ('source <("$0" completion bash); COMP_WORDS=(firebreak probe "$1"); COMP_CWORD=2; _firebreak; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    for prefix, want in (("db7", ["db7.known.example"]), ("web9", ["web9.known.example"]), ("|1", [""]),
                         ("localhos", ["localhost"])):
        r = subprocess.run([need("bash"), "-c", script, BINARY, prefix], capture_output=True, text=True, timeout=30,
                           env=environment({"HOME": known_hosts()}))
        equal((prefix, r.stderr), (prefix, ""))
        true(set(want) <= set(r.stdout.splitlines()), (prefix, r.stdout))


@case
def fish_completes():
    fish = need("fish")
    config = write(os.path.join(folder(), "ops.yaml"), "assets: [{name: a}]\nchecks: [{name: one, asset: a, "
                   "tcp: {target: 'shop.declared.example:5432'}}]\n")

    def complete(line):
        script = f"'{BINARY}' completion fish | source; complete -C '{line}'"
        env = environment({"HOME": known_hosts(), "FIREBREAK_CONFIG": config})
        env["PATH"] = os.path.dirname(BINARY) + ":" + env["PATH"]
        r = subprocess.run([fish, "-c", script], capture_output=True, text=True, timeout=30, env=env)
        equal((line, r.stderr), (line, ""))
        return [x.split("\t")[0] for x in r.stdout.splitlines()]
    equal(sorted(complete("firebreak ")), sorted(COMMANDS))
    equal(complete("firebreak probe --time"), ["--timeout"])
    equal(sorted(complete("firebreak probe -o js")), ["json", "jsonl", "jsonpath="])
    equal(sorted(complete("firebreak probe --color a")), ["always", "auto"])
    equal(complete("firebreak up --on"), ["--once"])
    equal(sorted(complete("firebreak completion ")), ["bash", "fish", "targets", "zsh"])
    contains(complete("firebreak probe db7"), "db7.known.example")
    contains(complete("firebreak probe shop"), "shop.declared.example:5432")


def typed(shell, setup, cases):
    """In an interactive shell on a terminal: what is typed, and what stands there after a tab. Each is typed anew."""
    import pty
    import select
    config = write(os.path.join(folder(), "ops.yaml"), "assets: [{name: a}]\nchecks:\n"
                   "  - {name: one, asset: a, tcp: {target: 'shop.declared.example:5432'}}\n"
                   "  - {name: two, asset: a, tls: {target: 'door.declared.example:443'}}\n"
                   "  - {name: three, asset: a, exec: {argv: [/bin/true]}}\n")
    home = known_hosts()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(environment({"HOME": home, "TERM": "dumb", "FIREBREAK_CONFIG": config}))
        os.environ["PATH"] = os.path.dirname(BINARY) + ":" + os.environ["PATH"]
        os.execv(shell[0], shell)

    def read_until(word, seconds=20):
        seen, end = "", time.monotonic() + seconds
        while word not in seen and time.monotonic() < end:
            if select.select([fd], [], [], 0.1)[0]:
                seen += os.read(fd, 65536).decode(errors="replace")
        true(word in seen, f"{word!r} is not in {seen!r}")
        return seen
    try:
        os.write(fd, setup.replace("HOME", home).encode() + b"; echo rea''dy\n")
        read_until("ready")
        for text, want in cases:
            os.write(fd, text.encode() + b"\t")
            read_until(want)
            os.write(fd, b"\x15")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)


TARGETS = [("firebreak probe db7", "db7.known.example"), ("firebreak probe tls://db7", "tls://db7.known.example"),
           ("firebreak probe shop", "shop.declared.example:5432"),
           ("firebreak probe tls://do", "tls://door.declared.example:443"),
           ("firebreak probe --explain shop.declared.example:", "example:5432")]


@case
def targets_are_those_of_the_configuration():
    d = folder()
    config = write(os.path.join(d, "ops.yaml"), "assets: [{name: a}]\nchecks:\n"
                   "  - {name: one, asset: a, redis: {target: '127.0.0.1:6379'}}\n"
                   "  - {name: two, asset: a, http: {url: 'https://example.test/'}}\n"
                   "  - {name: three, asset: a, exec: {argv: [/bin/true]}}\n  - {name: f, asset: a, heartbeat: {within: 1m}}\n")
    targets = lambda path: firebreak("completion", "targets", env={"FIREBREAK_CONFIG": path})
    equal((targets(config).stdout, targets(config).stderr), ("redis://127.0.0.1:6379\nhttps://example.test/\n", ""))
    for path in (write(os.path.join(d, "bad.yaml"), "checks: [{nam: x}]\n"), os.path.join(d, "none.yaml")):
        r = targets(path)
        equal((r.returncode, r.stdout, r.stderr), (0, "", ""))


@case
def bash_completes_what_is_typed():
    typed([need("bash"), "--norc", "-i"], "PS1='> '; bind 'set bell-style none'; source <(firebreak completion bash)",
          TARGETS + [("firebreak probe --timeo", "--timeout")])


@case
def zsh_completes():
    typed([need("zsh"), "-f", "-i"], "PS1='> '; autoload -U compinit; compinit -u -d HOME/dump; "
          "source <(firebreak completion zsh)",
          [("firebreak comple", "completion"), ("firebreak probe --timeo", "--timeout="),
           ("firebreak probe -o jsonp", "jsonpath="), ("firebreak up --onc", "--once"),
           ("firebreak completion fi", "fish"), *TARGETS])


main()
