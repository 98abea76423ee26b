#!/usr/bin/env python3
"""Renders chat templates with Python's jinja2, set up as Hugging Face's transformers does.

make_templates.py                      writes templates.json: small templates and random expressions of our own
make_templates.py --random N --seed S  prints N random expressions with what they yield, in the same form
make_templates.py --folder DIR         writes template_hashes.json: for every *.jinja in DIR, hashes of what it
                                       makes of some conversations (the templates are not ours to copy)
make_templates.py --file F --show NAME prints what the template in file F makes of the conversation NAME
Needs: pip install jinja2==3.1.6
"""

import argparse
import datetime
import json
import pathlib
import sys

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

import template_cases
from template_cases import CONTEXT

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2024, 7, 26, 14, 5, 9)  # 1722002709 s UTC


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_run"), [], [], body).set_lineno(line)

    def _run(self, caller):
        return caller()


class TemplateDict:
    def __call__(self, *args, **kwargs):
        return dict(*args, **kwargs)


class TemplateNamespace(jinja2.utils.Namespace):
    def __init__(*args, **kwargs):
        self, args = args[0], args[1:]
        attributes = dict(*args, **kwargs)
        if any(name.startswith("_") for name in attributes):
            raise jinja2.exceptions.SecurityError("underscore")
        jinja2.utils.Namespace.__init__(self, attributes)

    def __setitem__(self, name, value):
        if name.startswith("_"):
            raise jinja2.exceptions.SecurityError("underscore")
        jinja2.utils.Namespace.__setitem__(self, name, value)


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda format: NOW.strftime(format)
    env.globals["dict"] = TemplateDict()
    env.globals["namespace"] = TemplateNamespace
    return env


ENV = environment()


def render(source, variables):
    """The text, or None where the template fails."""
    try:
        text = ENV.from_string(source).render(**variables)
        text.encode("utf-8")
        return text
    except Exception:  # whatever Python raises, a template that raises fails
        return None


UNLIKE = ("<generator", "<built-in", "<bound", "object at", "iterator", "Markup(")  # addresses, or never printed


def random_cases(count, seed):
    cases, expressions = [], template_cases.Expressions(seed)
    while len(cases) < count:
        source = "{{ " + expressions.any(expressions.random.randrange(1, 4)) + " }}"
        expected = render(source, CONTEXT)
        if expected is None:
            # Most errors are alike, and integers beyond 64 bits are an error of ours alone.
            if "**" in source or expressions.random.random() < 0.8:
                continue
        else:
            digits = "".join(c if c.isdigit() else " " for c in expected).split()
            big = any(len(run) > 17 for run in digits)
            if big or any(word in expected for word in UNLIKE) or len(expected) > 2000:
                continue
        cases.append({"template": source, "expected": expected})
    return cases


WEATHER = {
    "name": "get_weather",
    "description": 'The weather of a place, "now".',
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Its name"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
            "days": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["city"],
    },
}
ADD = {
    "name": "add",
    "description": "Adds two numbers.",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    },
    "return": {"type": "number"},
}
TOOLS = [{"type": "function", "function": WEATHER}, {"type": "function", "function": ADD}]


def call(arguments, name="get_weather", ident="call00001"):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, "id": ident}


def conversations():
    system = {"role": "system", "content": "You are terse. "}
    user = {"role": "user", "content": "Wie ist das Wetter in Zürich? 🌦"}
    reply = {"role": "assistant", "content": "Sunny."}
    thought = dict(reply, reasoning_content="It is July.\n", thinking="It is July.\n")
    inline = {"role": "assistant", "content": "<think>\nhm\n</think>\n\nSunny."}
    again = {"role": "user", "content": "And tomorrow?\n"}
    deep = {"city": "Zürich", "days": [1, 2], "deep": {"x": None, "y": 1.5, "z": True}}
    called = {"role": "assistant", "content": "", "tool_calls": [call(deep)]}
    called_text = {"role": "assistant", "content": "", "tool_calls": [call('{"city": "Zürich"}')]}
    two = {
        "role": "assistant",
        "content": "Let me see.",
        "tool_calls": [call({"city": "Bern"}), call({"a": 1, "b": 2}, "add", "call00002")],
    }
    answer = {"role": "tool", "content": '{"temperature": 21}', "tool_call_id": "call00001", "name": "get_weather"}
    second = {"role": "tool", "content": "3", "tool_call_id": "call00002", "name": "add"}
    typed = {"role": "user", "content": [{"type": "text", "text": "Hello there"}]}
    thoughtful = dict(called, reasoning_content="I need it.", thinking="I need it.")
    kinds = {
        "user": [user],
        "system": [system, user],
        "turns": [system, user, reply, again],
        "thought": [user, thought, again],
        "inline": [user, inline, again],
        "called": [user, called, answer],
        "called_text": [user, called_text, answer],
        "two": [system, user, two, answer, second, reply, again],
        "thoughtful_call": [user, thoughtful, answer],
        "ends_assistant": [user, reply],
        "typed": [typed],
        "empty": [],
    }
    base = {"bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None, "add_generation_prompt": True}
    cases = []
    for name, messages in kinds.items():
        cases.append((name, dict(base, messages=messages)))
        cases.append((name + "+tools", dict(base, messages=messages, tools=TOOLS)))
    cases.append(("no_prompt", dict(base, messages=kinds["turns"], add_generation_prompt=False)))
    cases.append(("think", dict(base, messages=kinds["turns"], enable_thinking=True)))
    cases.append(("no_think", dict(base, messages=kinds["turns"], enable_thinking=False)))
    return cases


def fnv(text):
    value = 0xCBF29CE484222325
    for byte in text.encode("utf-8"):
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def folder_hashes(folder):
    """Of each template a hash, and of each conversation the hash of what it makes of it, or "-" where it fails."""
    cases, files = conversations(), {}
    for path in sorted(pathlib.Path(folder).glob("*.jinja")):
        source = path.read_bytes().decode("utf-8")
        results = [render(source, variables) for _, variables in cases]
        files[path.name] = [fnv(source)] + ["-" if text is None else fnv(text) for text in results]
        if all(text is None for text in results):
            print(path.name, "renders nothing in jinja2", file=sys.stderr)
    return {"conversations": [{"name": n, "variables": v} for n, v in cases], "templates": files}


def write(name, value):
    # One case a line, so that a change shows.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = (
        text.replace('},{"template"', '},\n{"template"').replace('],"', '],\n"')
        if "cases" in value
        else text.replace('],"', '],\n"')
    )
    assert json.loads(text) == value
    (HERE / name).write_text(text + "\n", encoding="utf-8")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--random", type=int)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--folder")
    options.add_argument("--file")
    options.add_argument("--show")
    chosen = options.parse_args()
    if chosen.random:
        json.dump(
            {"context": CONTEXT, "cases": random_cases(chosen.random, chosen.seed)}, sys.stdout, ensure_ascii=False
        )
    elif chosen.folder:
        write("template_hashes.json", folder_hashes(chosen.folder))
    elif chosen.file:
        source = pathlib.Path(chosen.file).read_bytes().decode("utf-8")
        sys.stdout.write(ENV.from_string(source).render(**dict(conversations())[chosen.show]))
    else:
        cases = [{"template": source, "expected": render(source, CONTEXT)} for source in template_cases.templates()]
        write("templates.json", {"context": CONTEXT, "cases": cases + random_cases(400, 1)})


if __name__ == "__main__":
    main()
