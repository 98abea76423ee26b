"""What make_templates.py renders: small templates, and random expressions, both in one context."""

import json
import pathlib
import random

CONTEXT = {
    "n": 7,
    "m": -3,
    "x": 2.5,
    "big": 1e22,
    "small": 1.5e-7,
    "t": True,
    "f": False,
    "none_": None,
    "s": "Hello World",
    "u": "Grüße, 世界 👋🏽 ß",
    "empty": "",
    "html": "<b>&'\"</b>",
    "lines": "a\n\n  b\nc",
    "list_": [3, 1, 2],
    "words": ["pear", "Apple", "fig", "apple"],
    "nested": [[1, 2], [3, [4]]],
    "nothing": [],
    "d": {"b": 2, "a": 1, "c": {"k": "v"}},
    "nodict": {},
    "people": [{"name": "Ann", "age": 30, "tags": ["x"]}, {"name": "bob", "age": 25}, {"name": "Cy", "age": 30}],
    "items": 5,
}


def templates():
    lines = pathlib.Path(__file__).with_name("templates.txt").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if not line.startswith("#")]


class Expressions:
    """Expressions that mostly make sense: each method makes one of some type."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, *choices):
        return self.random.choice(choices)

    def word(self, words):
        return self.random.choice(words.split())

    def any(self, depth):
        return self.pick(self.number, self.text, self.text, self.list, self.mapping, self.truth, self.odd)(depth)

    def number(self, d):
        if d <= 0:
            return self.pick("n", "m", "x", "0", "1", "-2", "3.5", "10", "0.1", "1e3", "true", "list_[0]", "d.a", "big")
        c = self.random.randrange(12)
        if c < 5:
            return f"({self.number(d - 1)} {self.pick('+', '-', '*', '/', '//', '%', '**')} {self.number(d - 1)})"
        if c == 5:
            return f"(-{self.number(d - 1)})"
        if c == 6:
            return f"({self.text(d - 1)}|length)"
        if c == 7:
            return f"({self.list(d - 1)}|{self.pick('length', 'sum', 'max', 'min', 'first', 'last')})"
        if c == 8:
            return f"({self.number(d - 1)}|{self.pick('abs', 'int', 'float', 'round', 'round(1)', 'round(2)')})"
        if c == 9:
            return f"({self.text(d - 1)}|int({self.pick('', '4', 'default=-1')}))"
        if c == 10:
            return f"({self.number(d - 1)} if {self.truth(d - 1)} else {self.number(d - 1)})"
        return f"{self.text(d - 1)}.{self.pick('find', 'count', 'rfind')}({self.text(0)})"

    def text(self, d):
        if d <= 0:
            return self.pick(
                "s",
                "u",
                "empty",
                "html",
                "lines",
                "'a'",
                "'o'",
                "'%s'",
                "'l'",
                "' x '",
                "'É'",
                "words[1]",
                "people[0].name",
                "'12'",
                "'{}'",
            )
        c = self.random.randrange(13)
        t = self.text(d - 1)
        if c == 0:
            return f"({t} + {self.text(d - 1)})"
        if c == 1:
            return f"({t} ~ {self.any(d - 1)})"
        if c == 2:
            names = "upper lower title capitalize trim reverse escape string safe wordcount indent(2) tojson urlencode"
            return f"({t}|{self.word(names)})"
        if c == 3:
            return f"{t}[{self.slice()}]"
        if c == 4:
            names = "upper lower title strip lstrip rstrip capitalize swapcase splitlines"
            return f"{t}.{self.word(names)}()"
        if c == 5:
            return f"{t}.replace({self.text(0)}, {self.text(0)})"
        if c == 6:
            return f"({self.list(d - 1)}|join({self.text(0)}))"
        if c == 7:
            return f"({self.any(d - 1)}|{self.pick('string', 'tojson', 'tojson(indent=1)')})"
        if c == 8:
            return f"({t} * {self.pick('2', '0', '-1', '3')})"
        if c == 9:
            return f"({t} % {self.any(d - 1)})"
        if c == 10:
            return f"({t}|replace({self.text(0)}, {self.number(0)}))"
        if c == 11:
            formats = ["'%s|%5s|%-4d'", "'%r %s %x'", "'%.2f %e %05d'"]
            return f"({self.pick(*formats)} % ({self.any(d - 1)}, {self.any(0)}, {self.number(0)}))"
        formats = ["'{}-{}'", "'{0!r:>9}|{1}'", "'{1:<6}{0}'"]
        return f"{self.pick(*formats)}.format({self.any(d - 1)}, {self.any(0)})"

    def slice(self):
        part = lambda: self.pick("", "", "0", "1", "-1", "2", "-3", "n", "100")
        steps = f"{part()}:{part()}:{self.pick('1', '2', '-1', '-2')}"
        return self.pick(f"{part()}:{part()}", steps, self.pick("0", "1", "-1", "3"))

    def list(self, d):
        if d <= 0:
            return self.pick(
                "list_", "words", "nested", "nothing", "[1, 2, 2]", "('a', 'b')", "range(4)", "people", "[none, 0, '']"
            )
        c = self.random.randrange(10)
        l = self.list(d - 1)
        if c == 0:
            return f"[{self.any(d - 1)}, {self.any(d - 1)}]"
        if c == 1:
            return f"({l} + {self.list(d - 1)})"
        if c == 2:
            return f"{l}[{self.pick('1:', ':-1', '::-1', '1:2', '::2')}]"
        if c == 3:
            names = "sort reverse|list unique|list list select|list reject|list batch(2)|list slice(2)|list"
            return f"({l}|{self.word(names + ' sort(reverse=true)')})"
        if c == 4:
            names = "'string' 'length' 'upper' 'int' 'tojson' attribute='name'"
            return f"({l}|map({self.word(names)})|list)"
        if c == 5:
            names = "'string' 'number' 'odd' 'defined' 'mapping' 'gt',1"
            return f"({l}|select({self.word(names)})|list)"
        if c == 6:
            return f"{self.text(d - 1)}.split({self.pick('', repr('l'), repr(' '), repr('o') + ', 1')})"
        if c == 7:
            return f"({self.mapping(d - 1)}|{self.pick('list', 'dictsort', 'items|list')})"
        if c == 8:
            return f"({self.text(d - 1)}|list)"
        return f"({l} * {self.pick('2', '0')})"

    def mapping(self, d):
        if d <= 0:
            return self.pick("d", "nodict", "people[0]", "d.c", "{'a': 1}", "dict(q=2)")
        pair = f"{{'k': {self.any(d - 1)}, {self.text(0)}: {self.number(0)}}}"
        return self.pick(
            pair, f"dict(a={self.any(d - 1)}, b={self.any(d - 1)})", f"{{{self.number(0)}: {self.any(d - 1)}}}"
        )

    def truth(self, d):
        if d <= 0:
            return self.pick("t", "f", "n", "none_", "empty", "missing", "nothing")
        c = self.random.randrange(7)
        if c == 0:
            return f"({self.any(d - 1)} {self.pick('==', '!=')} {self.any(d - 1)})"
        if c == 1:
            return f"({self.number(d - 1)} {self.pick('<', '<=', '>', '>=')} {self.number(d - 1)})"
        if c == 2:
            container = self.pick(self.list, self.text, self.mapping)(d - 1)
            return f"({self.any(d - 1)} {self.pick('in', 'not in')} {container})"
        if c == 3:
            return f"({self.truth(d - 1)} {self.pick('and', 'or')} {self.truth(d - 1)})"
        if c == 4:
            return f"(not {self.truth(d - 1)})"
        if c == 5:
            names = "defined none string number mapping sequence iterable boolean integer float odd upper lower true"
            return f"({self.any(d - 1)} is {self.pick('', 'not ')}{self.word(names)})"
        return f"({self.text(d - 1)} {self.pick('<', '>=')} {self.text(d - 1)})"

    def odd(self, d):
        other = f"({self.any(d - 1)}|default({self.text(0)}))" if d > 0 else "none"
        return self.pick(
            "none_", "missing", "d.missing", "people[7]", "(1, 'a')", "list_[5]", "d.items()|list", "()", other
        )
