"""The functions that the language lists, read from the tables in src/lang: what is added there must be tried here."""
import pathlib
import re

LANG = pathlib.Path(__file__).resolve().parents[3] / "src/lang"

ARRAY = re.compile(r"static const struct golib_func (\w+)\[\] = \{(.*?)\n\};", re.S)
PACKAGE = re.compile(r'\.path = "([\w/]+)",\s*\.funcs = (\w+)')
FUNC = re.compile(r'\.name = "([\w.]+)",\s*\.params = "(\w*)",\s*\.results = "(\w*)"')
GENERIC = re.compile(r'FUNC\("(\w+)"')


class Function:
    """One of the table. `params` is None where the signature is generic."""

    def __init__(self, package, name, params, results):
        self.package, self.name, self.params, self.results = package, name, params, results

    @property
    def full(self):
        return f"{self.package}.{self.name}"


def read():
    found = []
    for path in sorted(LANG.glob("golib*.c")):
        text = path.read_text()
        arrays = dict(ARRAY.findall(text))
        for package, array in PACKAGE.findall(text):
            found += [Function(package, *f) for f in FUNC.findall(arrays[array])]
            found += [Function(package, name, None, None) for name in GENERIC.findall(arrays[array])]
    names = re.search(r"firebreak_funcs\[\] = \{(.*?)\n\};", (LANG / "lib.c").read_text(), re.S).group(1)
    found += [Function("firebreak", *f) for f in FUNC.findall(names)]
    assert len(found) > 150, "the tables of src/lang do not look as they did"
    return found
