#!/usr/bin/env python3
"""Writes the seed files of jinja_fuzz and dialect_fuzz: every small template of the goldens with the variables it
uses, and answers of each dialect. Standard library only; the same bytes on every run."""

import json
import pathlib
import re

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "templates.json"

ANSWERS = [
    "<think>\nhm\n</think>\n\nYes.",
    '<tool_call>\n{"name": "f", "arguments": {"a": "</tool_call>"}}\n</tool_call> <tool_call>no</tool_call>',
    "<tool_call><function=f><parameter=a>\n1\n</parameter></function></tool_call>",
    "<tool_call>f<arg_key>k</arg_key><arg_value>[1]</arg_value></tool_call>",
    '{"name": "f", "parameters": {}}; {"name": "g", "parameters": {"a": {}}}',
    '<|python_tag|>f.call(a="x", b=[1, None, {"k": True}])',
    'So <function=f>{"a": 1}</function>',
    '[TOOL_CALLS][{"name": "f", "arguments": {}, "id": "1"}]',
    '[THINK]a[/THINK][TOOL_CALLS]f[CALL_ID]7[ARGS]{"a": 1}[TOOL_CALLS]g{}',
    '<think>a</think><response>b</response><|tool_call|>[{"name": "f", "arguments": {}}]<|/tool_call|>',
    'functools[{"name": "f", "arguments": {}}]',
    "<|tool_call_start|>[f(a='x', b=-2.5), g()]<|tool_call_end|>",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{}\n```"
    "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "f", "parameters": {}}]<|END_ACTION|>',
    '<TOOLCALL>[{"name": "f"}]</TOOLCALL>',
    'all\nHello\n>>>f\n{"a": 1}\n>>>g\n{',
]


def template_files():
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    for case in golden["cases"][::5]:  # a fifth of them touches nearly everything
        words = set(re.findall(r"\w+", case["template"]))
        used = {name: value for name, value in golden["context"].items() if name in words}
        yield case["template"] + "\n---\n" + json.dumps(used, ensure_ascii=False)


def answer_files():
    for number, answer in enumerate(ANSWERS):
        for dialect in {number % 11, (number * 5 + 3) % 11}:
            yield bytes([dialect, number % 32]).decode("latin-1") + answer


def write(target, files):
    folder = HERE / target
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, text in enumerate(files):
        (folder / f"{number:03}").write_bytes(text.encode("utf-8"))


if __name__ == "__main__":
    write("jinja_fuzz", template_files())
    write("dialect_fuzz", answer_files())
