"""A key is found on the line on which it stands, whatever stands around it."""

import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnproj.toml_lines import line_of

# Lines that mean something only where a reader forgets that it is inside a string, a comment or an array.
TRAPS = [
    "[trap]",
    "[[trap]]",
    "trap = 1",
    "it's",
    "# ]",
    "]]",
    "{",
    '"',
    "'",
    '"" ""',
    r"\\",
    "a.b = '",
    "ünïcode\u2028\x85",
]

bare_names = st.text("abcxyz0189_-", min_size=1, max_size=4)
odd_names = st.sampled_from(["a b", "x.y", "[t]", "#", "=", "it's", 'say "x"', "'q'", "", "é", "\\"])
names = bare_names | odd_names
values = st.one_of(
    st.integers(-99, 99).map(str),
    st.sampled_from(
        ["true", "1.5", "2024-01-31T10:00:00Z", "'#['", '"]"', "''", '""', r'"\"["', '"""[ "x" """', "'''''a'''''"]
    ),
    st.lists(st.sampled_from(TRAPS), max_size=3).map(lambda lines: '"""\n' + _escaped("\n".join(lines)) + '\n"""'),
    st.lists(st.sampled_from([trap for trap in TRAPS if trap != "'"]), max_size=3).map(
        lambda lines: "'''\n" + "\n".join(lines) + "\n'''"
    ),
    st.lists(st.sampled_from(["1", "'['", '"#"', "[2, 3]", "{ trap = 1 }", "# ] trap\n4"]), max_size=3).map(
        lambda items: "[\n  " + ",\n  ".join(items) + " # [\n]"
    ),
    st.lists(st.sampled_from(["trap", "b.c"]), unique=True).map(
        lambda keys: "{ " + ", ".join(f"{key} = ['}}']" for key in keys) + " }"
    ),
)
comments = st.sampled_from(["", "", " # [trap]", ' # """', " # '''", " # { ["])
spaces = st.sampled_from(["", " ", "\t"])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(name: str) -> str:
    return name if name and all(sign in "abcxyz0189_-" for sign in name) else json.dumps(name, ensure_ascii=False)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[tuple[str | int, ...], int]]:
    """A TOML document, and the line of every key and table in it."""
    lines: list[str] = []
    places: dict[tuple[str | int, ...], int] = {}

    def write_pairs(table: tuple[str | int, ...], taken: set[str]) -> None:
        for name in draw(st.lists(names.filter(lambda name: name not in taken), unique=True, max_size=3)):
            taken.add(name)
            below = draw(st.lists(names, max_size=2))
            keys = (name, *below)
            for length in range(1, len(keys) + 1):
                places[(*table, *keys[:length])] = sum(text.count("\n") + 1 for text in lines) + 1
            dot, gap = f"{draw(spaces)}.{draw(spaces)}", draw(spaces)
            written = dot.join(_quoted(key) for key in keys)
            lines.append(f"{gap}{written}{gap}={draw(spaces)}{draw(values)}{draw(comments)}")
            lines.extend(draw(st.lists(st.sampled_from(["", "# ["]), max_size=1)))

    tops: set[str] = set()
    write_pairs((), tops)
    for name in draw(st.lists(names.filter(lambda name: name not in tops), unique=True, max_size=4)):
        if draw(st.booleans()):
            path: tuple[str | int, ...] = (name, *draw(st.lists(names, max_size=2)))
            header = ".".join(_quoted(str(key)) for key in path)
            for length in range(1, len(path) + 1):
                places[path[:length]] = sum(text.count("\n") + 1 for text in lines) + 1
            lines.append(f"{draw(spaces)}[{header}]{draw(comments)}")
            write_pairs(path, set())
            continue
        for number in range(draw(st.integers(1, 3))):
            line = sum(text.count("\n") + 1 for text in lines) + 1
            places.setdefault((name,), line)
            places[(name, number)] = line
            lines.append(f"[[{_quoted(name)}]]{draw(comments)}")
            taken: set[str] = set()
            write_pairs((name, number), taken)
            if draw(st.booleans()) and "sub" not in taken:
                places[(name, number, "sub")] = sum(text.count("\n") + 1 for text in lines) + 1
                lines.append(f"[{_quoted(name)}.sub]")
                write_pairs((name, number, "sub"), set())
    return "\n".join(lines), places


@given(documents())
@settings(max_examples=150, deadline=None)
def test_every_key_is_found_on_its_line(document):
    text, places = document
    tomllib.loads(text)  # what is generated is TOML

    assert {keys: line_of(text, keys) for keys in places} == places


@given(documents(), st.data())
@settings(max_examples=50, deadline=None)
def test_a_key_without_a_line_is_told_by_the_table_around_it(document, data):
    text, places = document
    keys = data.draw(st.sampled_from([(), *places]))

    assert line_of(text, (*keys, "nowhere", 3)) == places.get(keys, 1)


@pytest.mark.parametrize(
    ("text", "keys", "line"),
    [
        ("", (), 1),
        ("\n\n[a]\nb = 1\n", ("a", "b"), 4),
        ("[a]\r\n\r\nb = 1\r\n", ("a", "b"), 3),
        ("[a . b]\nc = 1", ("a", "b", "c"), 2),
        ("x = 1\n[a.b]", ("a",), 2),  # a table that stands in the head of another only
        ("x = 1\n[[a.b]]\nc = 1", ("a",), 2),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3", ("a", 1, "c", "d"), 6),
        ("[[a]]\n[[a.b]]\nx = 1\n[[a]]\n[[a.b]]\nx = 1\n[[a.b]]\nx = 1", ("a", 1, "b", 1, "x"), 8),
        ("a = [\n  { b = 1 },\n  { c = 2 },\n]\nd = 1", ("a", 1, "c"), 1),  # inside an array: the array's line
        ("a = [\n  { b = 1 },\n  { c = 2 },\n]\nd = 1", ("d",), 5),
        ('a = "\'\'\'"\nb = "[" # """\nc = 1', ("c",), 3),
        ('a = """x\\""" [ """\nc = 1', ("c",), 2),
        ('a = """"x"""" # [\nc = 1', ("c",), 2),
        ('"a.b" = 1\na.b = 2', ("a", "b"), 2),
        ('x = 1\n"\\u0061" = 2', ("a",), 2),
    ],
)
def test_what_is_easily_miscounted(text, keys, line):
    assert line_of(text, keys) == line
