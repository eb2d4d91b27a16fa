"""Makes a program that shows a disagreement smaller: takes lines out for as long as it still shows it."""
import re

PACKAGES = {"errors": "errors", "fmt": "fmt", "firebreak": "ops/firebreak", "maps": "maps", "math": "math", "path": "path",
            "slices": "slices", "sort": "sort", "strconv": "strconv", "strings": "strings", "time": "time"}


TEXT = re.compile(r"\"(\\.|[^\"\\\n])*\"|`[^`]*`|'(\\.|[^'\\\n])*'")


def with_imports(body):
    bare = TEXT.sub("\"\"", body)
    used = [path for name, path in PACKAGES.items() if re.search(rf"(?<![\w.]){name}\.\w", bare)]
    if not used:
        return "package ops\n\n" + body
    return "package ops\n\nimport (\n" + "".join(f"\t\"{p}\"\n" for p in sorted(used)) + ")\n\n" + body


def balanced(lines):
    """Whether what is taken out leaves brackets closed."""
    depth = 0
    for line in lines:
        for c in TEXT.sub("", line):
            if c in "{(":
                depth += 1
            elif c in "})":
                depth -= 1
                if depth < 0:
                    return False
    return depth == 0


def chunks(lines):
    """Ranges of lines, the largest first: whole blocks, then single lines and pairs."""
    found = set()
    for at in range(len(lines)):
        for end in range(at + 1, min(len(lines), at + 400) + 1):
            if balanced(lines[at:end]) and lines[at].strip():
                found.add((at, end))
                if lines[at].rstrip().endswith(("{", "(")):
                    break  # this block
                if end - at >= 4:
                    break
    return sorted(found, key=lambda c: (c[0] - c[1], c[0]))


CONFIG = re.compile(r"^var Config = firebreak\.Config\{\n.*?\n\}\n", re.M | re.S)


def one_probe(body, still):
    """A configuration that shows only one probe, where that is enough."""
    for probe in re.findall(r"^func (probe\d+)\(", body, re.M):
        small = (f"var Config = firebreak.Config{{Assets: []firebreak.Asset{{{{Name: \"a\", Labels: map[string]string{{\"v\": "
                 f"{probe}()}}}}}}}}\n")
        candidate = CONFIG.sub(lambda _: small, body, count=1)
        if still(with_imports(candidate)):
            return candidate
    return body


def shrink(text, still, attempts):
    body = text.split(")\n\n", 1)[1] if "import (" in text else text
    lines = [x for x in one_probe(body, still).splitlines() if x.strip()]
    progress = True
    while progress:
        progress, failed = False, set()
        at_work = True
        while at_work:
            at_work = False
            for at, end in chunks(lines):
                chunk = "\n".join(lines[at:end])
                if chunk in failed:
                    continue
                if attempts <= 0:
                    return with_imports("\n".join(lines) + "\n")
                attempts -= 1
                candidate = lines[:at] + lines[end:]
                if still(with_imports("\n".join(candidate) + "\n")):
                    lines, progress, at_work = candidate, True, True
                    break
                failed.add(chunk)
    return with_imports("\n".join(lines) + "\n")
