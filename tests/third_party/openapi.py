#!/usr/bin/env python3
"""Judges the OpenAPI description as anybody outside would: by a public validator, and by requests that are right and wrong.

    openapi.py FILE_OR_URL

FILE_OR_URL is the description: a file, or the address of a running edge's `/openapi.json`. Ends with status 0 where the description is
valid OpenAPI 3.1, each of its schemas is valid JSON Schema, and the sample requests are judged as the contract says; otherwise with
status 1 and one line that says what is not so.
"""

import json
import re
import sys
import urllib.request

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

# How long the server may take to answer.
PATIENCE = 20
# The name the description goes by in references of ours.
BASE = "urn:rapport:openapi"

CHAT = "chat_01k0000000000000000000000z"
MEMBER = "member_01k0000000000000000000000z"
DEPARTMENT = "department_01k0000000000000000000000z"
REQUEST_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
WORKSPACE = {"slug": "acme", "name": "Acme", "timeZone": "Europe/Berlin"}
OWNER = {"email": "ada@example.org", "name": "Ada", "password": "correct horse"}

# Operation, whether its request body is right, the body.
SAMPLES = [
    ("ChatService_SendMessage", True, {"requestId": REQUEST_ID, "text": "Hello?"}),
    ("ChatService_SendMessage", True, {"requestId": REQUEST_ID, "text": "x" * 8000, "internal": True}),
    ("ChatService_SendMessage", False, {"requestId": REQUEST_ID, "text": "x" * 8001}),
    ("ChatService_SendMessage", False, {"requestId": REQUEST_ID, "text": " \u3000\n"}),
    ("ChatService_SendMessage", False, {"requestId": "00000000-0000-0000-0000-000000000000", "text": "Hello?"}),
    ("ChatService_SendMessage", False, {"text": "Hello?"}),
    ("ChatService_SendMessage", False, {"requestId": REQUEST_ID, "text": "Hello?", "colour": "red"}),
    ("ChatService_SendMessage", False, {"requestId": REQUEST_ID, "text": "Hello?", "chatId": CHAT}),
    ("ChatService_ClaimChat", True, {}),
    ("ChatService_TransferChat", True, {"memberId": MEMBER}),
    ("ChatService_TransferChat", False, {"memberId": DEPARTMENT}),
    ("ChatService_TransferChat", False, {"memberId": MEMBER, "departmentId": DEPARTMENT}),
    ("ChatService_TransferChat", False, {}),
    ("ChatService_StartChat", True, {"requestId": REQUEST_ID, "email": "", "departmentId": ""}),
    ("ChatService_StartChat", False, {"requestId": REQUEST_ID, "email": "Vera <vera@example.org>"}),
    ("ChatService_MarkRead", True, {"seq": 1}),
    ("ChatService_MarkRead", False, {"seq": 0}),
    ("ChatService_MarkRead", False, {"seq": 4294967296}),
    ("TenantService_UpdateMember", True, {}),
    ("TenantService_UpdateMember", True, {"role": "ROLE_AGENT", "ifRevision": 0}),
    ("TenantService_UpdateMember", False, {"role": "ROLE_UNSPECIFIED"}),
    ("TenantService_UpdateMember", False, {"name": ""}),
    ("AuthService_SetUp", True, {"setupToken": "secret", "workspace": WORKSPACE, "owner": OWNER}),
    ("AuthService_SetUp", False, {"setupToken": "secret", "workspace": {**WORKSPACE, "slug": "-x-"}, "owner": OWNER}),
    ("AuthService_SetUp", False, {"setupToken": "secret", "workspace": WORKSPACE, "owner": {**OWNER, "password": "short"}}),
]

# An answer with what this description does not know: a newer server may send it.
NEWER_ANSWER = {"message": {"chatId": CHAT, "seq": 3, "text": "Hello?", "reactions": ["👍"]}, "more": 1}


class Deviation(Exception):
    """Something is not as it should be."""


def expect(condition, what):
    if not condition:
        raise Deviation(what)


def read(place):
    if re.match(r"https?://", place):
        with urllib.request.urlopen(place, timeout=PATIENCE) as answer:
            kind = answer.headers.get_content_type()
            expect(kind == "application/json", f"the description is sent as {kind}")
            return json.load(answer)
    with open(place, encoding="utf-8") as file:
        return json.load(file)


def operations(document):
    return {
        operation["operationId"]: operation for item in document["paths"].values() for operation in item.values()
    }


def schemas(value):
    """Every schema of the description, wherever it stands."""
    if isinstance(value, dict):
        for name, entry in value.items():
            if name in ("schema", "x-item-schema"):
                yield entry
            elif name == "schemas":
                yield from entry.values()
            yield from schemas(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from schemas(entry)


def check(place):
    document = read(place)
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        raise Deviation(f"not valid OpenAPI 3.1: {'/'.join(map(str, error.absolute_path))}: {error.message}")
    expect(document["openapi"].startswith("3.1."), f"the version is {document['openapi']}")

    found = list(schemas(document))
    for schema in found:
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise Deviation(f"not valid JSON Schema: {error.message} in {json.dumps(schema)[:200]}") from error

    registry = Registry().with_resource(BASE, Resource(document, DRAFT202012))

    def judge(schema, value):
        # References of the description are within it.
        absolute = json.loads(json.dumps(schema).replace('"$ref": "#', f'"$ref": "{BASE}#'))
        return Draft202012Validator(absolute, registry=registry).is_valid(value)

    known = operations(document)
    for name, right, body in SAMPLES:
        schema = known[name]["requestBody"]["content"]["application/json"]["schema"]
        expect(judge(schema, body) == right, f"{name} should {'take' if right else 'refuse'} {json.dumps(body)[:200]}")
    answer = known["ChatService_SendMessage"]["responses"]["200"]["content"]["application/json"]["schema"]
    expect(judge(answer, NEWER_ANSWER), "an answer with more than the description knows is against it")
    return len(known), len(found)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE_OR_URL")
    try:
        print("openapi.py: valid; {} operations, {} schemas".format(*check(sys.argv[1])))
    except (Deviation, KeyError, OSError, Unresolvable, ValueError) as deviation:
        sys.exit(f"openapi.py: {type(deviation).__name__}: {str(deviation)[:500]}")
