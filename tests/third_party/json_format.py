#!/usr/bin/env python3
"""Holds the edge's JSON against Google's: every message of the contract, with random values, both ways.

    json_format.py target/debug/examples/json

JSON_SEED repeats a run, JSON_VALUES (200) is how many values each message is tried with.
"""

import base64
import json
import math
import os
import random
import subprocess
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor as Field

SEED = int(os.environ.get("JSON_SEED", random.SystemRandom().randrange(2**32)))
VALUES = int(os.environ.get("JSON_VALUES", "200"))
chance = random.Random(SEED)
pool = descriptor_pool.DescriptorPool()

LIMITS = {
    Field.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    Field.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    Field.CPPTYPE_UINT32: (0, 2**32 - 1),
    Field.CPPTYPE_UINT64: (0, 2**64 - 1),
}
# What a text must survive: control characters, quotes, several planes, both directions, what JavaScript treats as line ends.
TEXTS = ["", "a", "\0", "\n\r\t\b\f\x1b", "\"\\/", "é", "ß→漢字", "😀\U0010ffff", "\u2028\u2029", "\u202eabc", "</script>", "ﬁ\ufeff"]
# What is put in the place of a sound value to see who refuses it.
JUNK = [None, True, False, 0, -1, 1, 1.5, 1e300, 2**31, 2**32, 2**63, 2**64, "", "x", "1", "-1", "1.5", "NaN", "inf", "true",
        "2026-02-30T00:00:00Z", "1s", [], [None], [1], ["x"], {}, {"x": 1}, [[]], [{}]]


# What an `Any` is filled with. Nothing with maps: it is compared as bytes, and an entry may be written with its empty half or without.
PACKED = ["rapport.tenants.v1.Owner", "rapport.tenants.v1.Member", "google.protobuf.Timestamp"]


def text():
    return "".join(chance.choice(TEXTS) for _ in range(chance.randrange(4)))


def whole(kind):
    least, most = LIMITS[kind]
    return chance.choice([0, 1, least, most, least + 1, most - 1, chance.randint(least, most)])


def single_precision():
    import struct
    while True:
        number = struct.unpack("<f", chance.randbytes(4))[0]
        if math.isfinite(number):
            return number


def floating(kind):
    plain = single_precision() if kind == Field.CPPTYPE_FLOAT else chance.uniform(-1e300, 1e300)
    # The minus of zero is the one thing known to be lost: a field of -0.0 that has no presence counts as left out.
    return chance.choice([0.0, 1.0, 0.1, 5e-324 if kind != Field.CPPTYPE_FLOAT else 1e-45, math.nan, math.inf, -math.inf, plain])


def scalar(field):
    kind = field.cpp_type
    if kind in LIMITS:
        return whole(kind)
    if kind in (Field.CPPTYPE_DOUBLE, Field.CPPTYPE_FLOAT):
        return floating(kind)
    if kind == Field.CPPTYPE_BOOL:
        return chance.random() < 0.5
    if kind == Field.CPPTYPE_ENUM:
        known = [value.number for value in field.enum_type.values]
        return chance.choice([*known, 0, max(known) + 1, 2**31 - 1, -1])
    if field.type == Field.TYPE_BYTES:
        return chance.randbytes(chance.randrange(5))
    return text()


def fill_struct(struct, depth):
    for _ in range(chance.randrange(4)):
        fill_value(struct.fields[text()], depth - 1)


def fill_value(value, depth):
    kind = chance.randrange(6 if depth > 0 else 4)
    if kind == 0:
        value.null_value = 0
    elif kind == 1:
        value.number_value = chance.choice([0.0, 1.0, -1.5, 1e20, 2.0**53 + 2, chance.uniform(-1e9, 1e9)])
    elif kind == 2:
        value.string_value = text()
    elif kind == 3:
        value.bool_value = chance.random() < 0.5
    elif kind == 4:
        fill_struct(value.struct_value, depth - 1)
        value.struct_value.SetInParent()
    else:
        value.list_value.SetInParent()
        for _ in range(chance.randrange(4)):
            fill_value(value.list_value.values.add(), depth - 1)


def fill(message, depth=4):
    name = message.DESCRIPTOR.full_name
    message.SetInParent()
    if name == "google.protobuf.Timestamp":
        message.seconds = chance.choice([0, -1, -62135596800, 253402300799, chance.randint(-62135596800, 253402300799)])
        message.nanos = chance.choice([0, 1, 999999999, 500000000, 123456000, chance.randrange(10**9)])
    elif name == "google.protobuf.Duration":
        sign = chance.choice([1, -1])
        message.seconds = sign * chance.choice([0, 1, 315576000000 - 1, chance.randrange(10**9)])
        message.nanos = sign * chance.choice([0, 1, 999999999, 500000000, chance.randrange(10**9)])
    elif name == "google.protobuf.FieldMask":
        message.paths.extend(chance.choice(["a", "page_size", "owner.email", "a_b.c_d"]) for _ in range(chance.randrange(3)))
    elif name == "google.protobuf.Struct":
        fill_struct(message, depth)
    elif name == "google.protobuf.Value":
        fill_value(message, depth)
    elif name == "google.protobuf.Any":
        # Only what both know can be written out: another message of the contract, or one whose JSON is not an object.
        inner = message_factory.GetMessageClass(pool.FindMessageTypeByName(chance.choice(PACKED)))()
        fill(inner, depth - 1)
        message.Pack(inner)
    elif name == "google.protobuf.ListValue":
        for _ in range(chance.randrange(3)):
            fill_value(message.values.add(), depth)
    else:
        fill_fields(message, depth)


def fill_fields(message, depth):
    chosen = {oneof.name: chance.choice(oneof.fields).name for oneof in message.DESCRIPTOR.oneofs}
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof and chosen[field.containing_oneof.name] != field.name:
            continue
        if chance.random() < 0.3:
            continue
        if field.message_type and field.message_type.GetOptions().map_entry:
            inner = field.message_type.fields_by_name["value"]
            for _ in range(chance.randrange(4)):
                key = scalar(field.message_type.fields_by_name["key"])
                if inner.message_type:
                    fill(getattr(message, field.name)[key], depth - 1)
                else:
                    getattr(message, field.name)[key] = scalar(inner)
        elif field.is_repeated:
            for _ in range(chance.randrange(4)):
                if field.message_type:
                    if depth > 0:
                        fill(getattr(message, field.name).add(), depth - 1)
                else:
                    getattr(message, field.name).append(scalar(field))
        elif field.message_type:
            if depth > 0:
                fill(getattr(message, field.name), depth - 1)
        else:
            setattr(message, field.name, scalar(field))


class Edge:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *parts):
        self.process.stdin.write("\t".join(parts).encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().rstrip("\n")

    def to_json(self, message):
        return self.ask(message.DESCRIPTOR.full_name, "to-json", base64.b64encode(message.SerializeToString()).decode())

    def from_json(self, kind, said):
        """The message, or None where it was refused."""
        answer = self.ask(kind.DESCRIPTOR.full_name, "from-json", said)
        return None if answer.startswith("!") else kind.FromString(base64.b64decode(answer))


def theirs(kind, said):
    try:
        return json_format.Parse(said, kind(), descriptor_pool=pool)
    except (json_format.Error, UnicodeError, OverflowError, ValueError, TypeError, AttributeError):
        return None


def same(one, other):
    # As bytes: a NaN is not equal to itself.
    return one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def spoilt(value):
    """The value with junk in one place, or with a field nobody knows."""
    value = json.loads(json.dumps(value))
    path = chance.choice(list(places(value)))
    if not path:
        return chance.choice(JUNK)
    inside = value
    for step in path[:-1]:
        inside = inside[step]
    if isinstance(inside, dict) and chance.random() < 0.1:
        inside["nobodysField"] = 1
    else:
        inside[path[-1]] = chance.choice(JUNK)
    return value


def check(edge, kind, counts):
    message = kind()
    if counts["values"] % VALUES:
        fill(message)
    counts["values"] += 1
    ours = edge.to_json(message)
    assert not ours.startswith("!"), f"{kind.DESCRIPTOR.full_name}: {ours}: {message}"
    google = json_format.MessageToDict(message, descriptor_pool=pool)
    assert json.loads(ours) == json.loads(json.dumps(google)) or "NaN" in ours, f"{kind.DESCRIPTOR.full_name}:\n{ours}\n{google}"
    assert same(theirs(kind, ours), message), f"{kind.DESCRIPTOR.full_name}: Google reads {ours} as another message"
    forms = [
        json_format.MessageToJson(message, descriptor_pool=pool, indent=None),
        json_format.MessageToJson(message, descriptor_pool=pool, indent=None, preserving_proto_field_name=True),
        json_format.MessageToJson(message, descriptor_pool=pool, indent=None, always_print_fields_with_no_presence=True),
        json_format.MessageToJson(message, descriptor_pool=pool, indent=None, use_integers_for_enums=True),
        json_format.MessageToJson(message, descriptor_pool=pool, indent=None, ensure_ascii=False),
        ours,
    ]
    for form in forms:
        read = edge.from_json(kind, form)
        assert read is not None and same(read, message), f"{kind.DESCRIPTOR.full_name}: {form} is read as {read}"
    bad = json.dumps(spoilt(google))
    mine, other = edge.from_json(kind, bad), theirs(kind, bad)
    # Google's parser is laxer with what is no proto JSON (an empty text for an object, a fraction for an enum); we may refuse more,
    # but what we take must be what it takes.
    assert mine is None or (other is not None and same(mine, other)), f"{kind.DESCRIPTOR.full_name}: {bad} is taken for {mine}"
    counts["stricter"] += mine is None and other is not None
    counts["spoilt"] += 1
    counts["refused"] += mine is None


def main():
    program = sys.argv[1]
    print(f"seed {SEED}, {VALUES} values a message", flush=True)
    files = descriptor_pb2.FileDescriptorSet.FromString(subprocess.check_output([program, "descriptors"]))
    for file in files.file:
        pool.Add(file)
    edge = Edge(program)
    counts = {"values": 0, "spoilt": 0, "refused": 0, "stricter": 0}
    messages = 0

    def each(descriptor):
        yield descriptor
        for inner in descriptor.nested_types:
            if not inner.GetOptions().map_entry:
                yield from each(inner)

    for file in files.file:
        if not file.package.startswith("rapport."):
            continue
        for top in pool.FindFileByName(file.name).message_types_by_name.values():
            for descriptor in each(top):
                kind = message_factory.GetMessageClass(descriptor)
                messages += 1
                for _ in range(VALUES):
                    check(edge, kind, counts)
    edge.process.stdin.close()
    assert edge.process.wait() == 0
    assert 0 < counts["stricter"] < counts["refused"] / 10, "what is refused is refused by both, but for little"
    print(f"json: {messages} messages, {counts['values']} values both ways, {counts['refused']} of {counts['spoilt']} spoilt ones refused: ok")


main()
