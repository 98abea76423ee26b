#!/usr/bin/env python3
"""Asks for answers to random JSON Schemas at temperature 2, and has the package `jsonschema` judge them.

    python3 -m venv V && V/bin/pip install jsonschema rfc3339-validator
    cmake --build build/release --target answer_schemas
    V/bin/python tests/acceptance/schemas.py build/release/tests/acceptance/answer_schemas MODEL.gguf
    V/bin/python tests/acceptance/schemas.py build/release/linnet default --program --count 50

The first runs all of them in one process, with --random without the model; the second starts `linnet complete` for
each. Ends with 1 where fewer than 95 of 100 answers are complete, or any complete one does not fit its schema."""
import argparse
import concurrent.futures
import json
import random
import subprocess
import sys
import tempfile

import jsonschema

WORDS = ["name", "id", "age", "kind", "tags", "city", "note", "on", "x", "größe", "a b", 'q"t']
FORMATS = ["date", "time", "date-time", "duration", "uuid", "email", "hostname", "ipv4", "ipv6", "uri"]
PATTERNS = ["^[a-z]+$", "^\\d{3}-\\d{4}$", "[aeiou]", "^(yes|no|maybe)$", "^\\S+ \\S+$", "x.z$", "^[^\"]{2,5}"]


class Maker:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.defs = {}

    def maybe(self, chance=0.4):
        return self.rng.random() < chance

    def value(self, depth=0):
        r = self.rng
        values = [None, True, 0, -7, 2.5, "", "two words", "ü\n", [1, "a"], {"k": [None], "z": 1}]
        return r.choice(values if depth == 0 else values[:8])

    def string(self):
        r, out = self.rng, {"type": "string"}
        kind = r.random()
        if kind < 0.2:
            return {**out, "format": r.choice(FORMATS)}
        if kind < 0.4:
            out["pattern"] = r.choice(PATTERNS)
            if self.maybe(0.3):
                out["maxLength"] = r.randint(9, 30)
            return out
        if self.maybe():
            out["minLength"] = r.randint(0, 6)
        if self.maybe():
            out["maxLength"] = r.randint(6, 40)
        return out

    def number(self):
        r = self.rng
        out = {"type": r.choice(["integer", "number"])}
        low = r.choice([r.randint(-1000, 1000), round(r.uniform(-5, 5), r.randint(0, 3)), 0, r.randint(-10**9, 10**9)])
        if self.maybe():
            out[r.choice(["minimum", "exclusiveMinimum"])] = low
        if self.maybe():
            out[r.choice(["maximum", "exclusiveMaximum"])] = low + r.choice([3, 10, 1000, 10**6])
        if self.maybe(0.15):
            out["multipleOf"] = r.choice([1, 2, 3])
        return out

    def array(self, depth):
        r, out = self.rng, {"type": "array"}
        if self.maybe(0.8):
            out["items"] = self.schema(depth + 1)
        if self.maybe(0.3):
            out["prefixItems"] = [self.schema(depth + 1) for _ in range(r.randint(1, 2))]
        if self.maybe():
            out["minItems"] = r.randint(0, 2)
        if self.maybe():
            out["maxItems"] = r.randint(2, 5)
        return out

    def object(self, depth):
        r = self.rng
        names = r.sample(WORDS, r.randint(1, 4))
        out = {"type": "object", "properties": {name: self.schema(depth + 1) for name in names}}
        if self.maybe(0.7):
            out["required"] = r.sample(names, r.randint(0, len(names)))
        kind = r.random()
        if kind < 0.3:
            out["additionalProperties"] = False
        elif kind < 0.5:
            out["additionalProperties"] = self.schema(depth + 2)
        elif kind < 0.6:
            out["patternProperties"] = {"^p_[a-z]+$": self.schema(depth + 2)}
        if self.maybe(0.1):
            out["minProperties"] = 1
        if self.maybe(0.1):
            out["maxProperties"] = len(names)
        return out

    def one_of(self, depth):
        kinds = self.rng.sample(["alpha", "beta", "gamma"], 2)
        return {"oneOf": [{"type": "object", "properties": {"type": {"const": kind}, "v": self.schema(depth + 2)},
                           "required": ["type"]} for kind in kinds]}

    def reference(self, depth):
        name = f"d{self.rng.randint(0, 2)}"
        if name not in self.defs:
            self.defs[name] = None  # while it is being made
            inner = self.schema(depth + 1)
            node = {"type": "object", "properties": {"value": inner, "next": {"anyOf": [
                {"type": "null"}, {"$ref": f"#/$defs/{name}"}]}}, "required": ["value"]}
            self.defs[name] = self.rng.choice([node, inner])
        if self.defs[name] is None:  # a schema that is nothing but itself fits everything
            return {"type": "boolean"}
        return {"$ref": f"#/$defs/{name}"}

    def schema(self, depth=0):
        r = self.rng
        ways = [self.string, self.number, lambda: {"type": "boolean"}, lambda: {"type": "null"},
                lambda: {"enum": [self.value() for _ in range(r.randint(1, 4))]}, lambda: {"const": self.value()},
                lambda: {"type": ["string", "null"], "maxLength": 12}, lambda: {}]
        if depth < 3:
            ways += 2 * [lambda: self.object(depth), lambda: self.array(depth)]
            ways += [lambda: {"anyOf": [self.schema(depth + 1) for _ in range(2)]}, lambda: self.one_of(depth),
                     lambda: {"allOf": [self.number_bounds(), {"type": "integer"}]}, lambda: self.reference(depth)]
        if depth == 0:
            ways = [lambda: self.object(depth), lambda: self.object(depth), lambda: self.array(depth)] + ways[-4:]
        out = r.choice(ways)()
        if self.maybe(0.1):
            out = {**out, "title": "a title", "description": "and more"}
        return out

    def number_bounds(self):
        low = self.rng.randint(-50, 50)
        return {"minimum": low, "maximum": low + self.rng.randint(0, 400)}

    def root(self):
        schema = self.schema()
        return {**schema, "$defs": self.defs} if self.defs else schema


def by_program(program, model, lines):
    def one(line):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(line["schema"], file)
            file.flush()
            words = [program, "complete", model, "Here is an example, as JSON:\n", "--json", "--threads", "1"]
            words += ["--json-schema", file.name, "--temp", "2", "-n", str(line["tokens"]), "--seed", str(line["seed"])]
            ran = subprocess.run(words, capture_output=True, text=True)
            told = json.loads(ran.stdout)
            if "error" in told:
                return {"error": told["error"]["message"]}
            return {"text": told["text"], "finish": told["finish_reason"]}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--program", dest="each", action="store_true")
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--tokens", type=int, default=160)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    lines = [{"schema": Maker(arguments.seed * 1_000_000 + i).root(), "tokens": arguments.tokens, "seed": i}
             for i in range(arguments.count)]
    if arguments.each:
        answers = by_program(arguments.program, arguments.model, lines)
    else:
        words = [arguments.program, arguments.model] + ["--random"] * arguments.random
        asked = "".join(json.dumps(line) + "\n" for line in lines)
        ran = subprocess.run(words, text=True, input=asked, stdout=subprocess.PIPE, check=True)
        answers = [json.loads(answer) for answer in ran.stdout.splitlines()]
    complete = wrong = refused = 0
    for line, answer in zip(lines, answers, strict=True):
        if "error" in answer:
            refused += 1
            print("refused:", answer["error"], json.dumps(line["schema"])[:600])
            continue
        if answer["finish"] != "stop":
            print("cut:", answer["text"][-80:], json.dumps(line["schema"])[:600])
            continue
        complete += 1
        try:
            checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
            validator = jsonschema.Draft202012Validator(line["schema"], format_checker=checker)
            validator.validate(json.loads(answer["text"]))
        except Exception as error:
            wrong += 1
            print("wrong:", str(error).splitlines()[0], "|", answer["text"][:300], json.dumps(line["schema"])[:900])
    asked = len(lines) - refused
    print(f"{len(lines)} schemas, {refused} refused; of {asked} answers {complete} complete, {wrong} of these wrong")
    sys.exit(1 if wrong or complete < 0.95 * asked or refused > 0.02 * len(lines) else 0)


if __name__ == "__main__":
    main()
