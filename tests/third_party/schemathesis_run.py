#!/usr/bin/env python3
"""Random calls by the description alone: Schemathesis reads `/openapi.json` and calls every rpc with right and with wrong values.

    schemathesis_run.py DATA_DIR EDGE_URL [SECONDS]

DATA_DIR holds the `demo.json` of the server; its edge at EDGE_URL must have room for many calls from one address and session. For SECONDS
(90) an owner, an agent and a visitor call at the same time. RAPPORT_TEST_SEED repeats a run, as far as their calls do not meet. Ends with
status 0 where no answer was a failure of the server and the description knows each; otherwise shows what was found. The workspace is
full of strange things then, but those who could sign in can.

This file is also the module of hooks and checks that Schemathesis loads.
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor

# How long one answer may take.
PATIENCE = 20

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    # `default` documents every status, and a reader of proto3's JSON takes more than a writer may write: ours are sharper.
    "problem_is_documented",
    "wrong_data_is_refused",
]

# What any call may be refused with; every other reason must stand in the comment of the rpc.
ANYWHERE = {
    "CONTENT_TYPE_UNSUPPORTED",
    "FIELD_INVALID",
    "MALFORMED_REQUEST",
    "ORIGIN_REFUSED",
    "REQUEST_TOO_LARGE",
    "ROUTE_UNKNOWN",
    "TOKEN_IN_URL",
    "VERB_NOT_ALLOWED",
}
WITH_TOKEN = {"PERMISSION_MISSING", "SESSION_ENDED", "TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_MISSING", "TOKEN_STALE"}

CONFIG = """
[auth.openapi]
bearer = { bearer = "${RAPPORT_RUN_TOKEN}" }

[generation]
database = "none"
"""


class Server:
    """The edge, called as a program would."""

    def __init__(self, url, demo):
        self.url, self.demo = url.rstrip("/"), demo

    def call(self, verb, path, body=None, token=None):
        headers = {"content-type": "application/json"} if body is not None else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, headers, method=verb)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def post(self, path, token=None, **body):
        return self.call("POST", path, body, token)

    def sign_in(self, person):
        body = {name: person[name] for name in ("email", "password")}
        return self.post("/v1/auth:signIn", workspace=self.demo["workspace"], **body)["accessToken"]


def request_id():
    return str(uuid.uuid4())


def furnish(server):
    """People of its own for the run, and things of every kind. Gives the tokens by role, and the members that are to stay as they are."""
    owner = server.sign_in(server.demo["owner"])
    people = {}
    for role in ("owner", "agent"):
        person = {
            "email": f"{role}-{uuid.uuid4().hex[:12]}@random.example",
            "password": uuid.uuid4().hex,
            "name": f"Random {role}",
            "role": f"ROLE_{role.upper()}",
        }
        server.post("/v1/members", owner, requestId=request_id(), **person)
        people[role] = server.sign_in(person)
    kept = [member["memberId"] for member in server.call("GET", "/v1/members?pageSize=200", token=owner)["members"]]
    fool = {"email": f"fool-{uuid.uuid4().hex[:12]}@random.example", "password": uuid.uuid4().hex}
    fool = server.post("/v1/members", owner, requestId=request_id(), name="Anybody", role="ROLE_AGENT", **fool)
    people["visitor"] = server.post("/v1/visitors:start", workspace=server.demo["workspace"])["accessToken"]
    for number in range(4):
        chat = server.post("/v1/chats", people["visitor"], requestId=request_id(), name="Vera", text=f"Hello {number}")
        place = f"/v1/chats/{chat['chat']['chatId']}"
        if number % 2:
            server.post(f"{place}:claim", people["agent"])
        if number == 3:
            server.post(f"{place}:close", people["agent"])
        ticket = {"requestId": request_id(), "subject": f"Case {number}", "text": "It broke."}
        ticket = server.post("/v1/tickets", people["visitor"], **ticket)["ticket"]["ticketId"]
        server.post(f"/v1/tickets/{ticket}/comments", people["agent"], requestId=request_id(), text="Which one?")
    return people, kept, fool["member"]["memberId"]


def operations(document):
    return [operation for item in document["paths"].values() for operation in item.values()]


def run(server, role, token, seconds, seed, skipped, only=()):
    """One run of Schemathesis; whether it found nothing."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run"]
    command += [f"{server.url}/openapi.json", "--no-color", "--continue-on-failure", "--warnings=off"]
    command += [f"--seed={seed}", f"--max-time={seconds}", "--phases=coverage,fuzzing", f"--checks={','.join(CHECKS)}"]
    command += [f"--request-timeout={PATIENCE}", "--output-truncate=false"]
    command += [f"--exclude-operation-id={name}" for name in skipped] + [f"--include-operation-id={name}" for name in only]
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "schemathesis.toml"), "w", encoding="utf-8") as file:
            file.write(CONFIG)
        env = {**os.environ, "RAPPORT_RUN_TOKEN": token, "PYTHONPATH": here, "SCHEMATHESIS_HOOKS": "schemathesis_run"}
        # What hangs is a finding too.
        ended = subprocess.run(
            command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds + 120
        )
    cases = re.search(r"^ *(\d+ generated.*)$", ended.stdout, re.MULTILINE)
    tested = re.search(r"^ *Tested: (\d+)$", ended.stdout, re.MULTILINE)
    said = f"{tested.group(1)} operations, {cases.group(1)}" if cases and tested else "no test cases"
    print(f"schemathesis_run.py: {role}: {said}", flush=True)
    if ended.returncode != 0 or not cases:
        print(ended.stdout, flush=True)
        return False
    return True


def main(folder, url, seconds):
    seed = int(os.environ.get("RAPPORT_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"schemathesis_run.py: RAPPORT_TEST_SEED={seed}", flush=True)
    with open(os.path.join(folder, "demo.json"), encoding="utf-8") as file:
        server = Server(url, json.load(file))
    known = operations(server.call("GET", "/openapi.json"))
    # A stream does not end by itself; a session that is signed out is of no use to the calls that follow.
    endless = [entry["operationId"] for entry in known if "text/event-stream" in entry["responses"]["200"]["content"]]
    last = "AuthService_SignOut"
    assert endless and last in [entry["operationId"] for entry in known], "the description names streams and signing out"
    people, kept, fool = furnish(server)
    os.environ.update(RAPPORT_RUN_KEPT=",".join(kept), RAPPORT_RUN_FOOL=fool)
    end = max(seconds // 6, 10)

    def act(role):
        good = run(server, role, people[role], max(seconds - end, 10), seed, [*endless, last])
        return run(server, f"{role}, signing out", people[role], end, seed, [], [last]) and good

    with ThreadPoolExecutor() as pool:
        return all(list(pool.map(act, people)))


def resolved(document, schema):
    while "$ref" in schema:
        found = document
        for step in schema["$ref"].split("/")[1:]:
            found = found[step]
        schema = found
    return schema


def as_written(document, schema, value):
    """A value as proto3's JSON writes it. A reader must also take null for an absent field, a number as text, text of digits as a number,
    and an enum's value by number."""
    schema = resolved(document, schema)
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        return {
            name: as_written(document, fields.get(name, {}), entry) for name, entry in value.items() if entry is not None
        }
    if isinstance(value, list):
        return [as_written(document, schema.get("items", {}), entry) for entry in value]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, str) and re.fullmatch("-?[0-9]+", value):
        if schema.get("type") == "integer" or "enum" in schema:
            value, is_whole = int(value), True
    if is_whole and "enum" in schema:
        names = schema["enum"]
        # A newer writer knows more values.
        return names[value] if 0 <= value < len(names) else names[-1]
    if is_whole and schema.get("type") == "string" and "[0-9]" in schema.get("pattern", ""):
        return str(value)
    return value


def is_right_once_written(document, operation, query, body):
    """Whether what is wrong with a query and a body is only that no writer would write them so."""
    import jsonschema_rs

    def fits(schema, value):
        whole = {**schema, "components": document["components"]}
        return jsonschema_rs.validator_for(whole).is_valid(as_written(document, schema, value))

    parameters = [entry for entry in operation.get("parameters", []) if entry["in"] == "query"]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return all(
        fits(entry["schema"], query[entry["name"]]) if entry["name"] in query else not entry.get("required")
        for entry in parameters
    ) and (content is None or not isinstance(body, dict) or fits(content["schema"], body))


def hooks():
    """What Schemathesis calls."""
    import schemathesis
    from schemathesis.core.parameters import ParameterLocation
    from schemathesis.specs.openapi.checks import negative_data_rejection

    kept = set(os.environ["RAPPORT_RUN_KEPT"].split(","))

    @schemathesis.hook
    def before_call(context, case, kwargs):
        # A new password or role would end the session that the run calls with.
        if case.path.startswith("/v1/members/") and case.path_parameters.get("memberId") in kept:
            case.path_parameters["memberId"] = os.environ["RAPPORT_RUN_FOOL"]

    @schemathesis.check
    def problem_is_documented(ctx, response, case):
        if response.status_code == 200:
            return
        if response.status_code == 204 and response.request.method == "OPTIONS":
            return
        if response.request.method == "HEAD":
            return
        problem = response.json()
        reason = problem["reason"]
        assert problem["status"] == response.status_code, f"the document says {problem['status']}"
        assert [problem["requestId"]] == response.headers["x-request-id"], "the header and the document name one request id"
        rows = {row["reason"]: row for row in case.operation.schema.raw_schema["x-reasons"]}
        row = rows[reason]
        assert row["status"] == response.status_code, f"{reason} is documented with {row['status']}"
        assert row["retryable"] == problem["retryable"] == ("retry-after" in response.headers), "when to come back"
        definition = case.operation.definition.raw
        usual = ANYWHERE | (WITH_TOKEN if definition["security"] else set())
        assert reason in usual or f"`{reason}`" in definition["description"], f"the comment of the rpc does not name {reason}"

    @schemathesis.check
    def wrong_data_is_refused(ctx, response, case):
        if response.status_code != 200 or case.meta is None:
            return
        elsewhere = (ParameterLocation.PATH, ParameterLocation.HEADER, ParameterLocation.COOKIE)
        document, operation = case.operation.schema.raw_schema, case.operation.definition.raw
        if any(case.meta.is_negative_at(place) for place in elsewhere) or not is_right_once_written(
            document, operation, case.query or {}, case.body
        ):
            negative_data_rejection(ctx, response, case)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(f"usage: {sys.argv[0]} DATA_DIR EDGE_URL [SECONDS]")
    sys.exit(0 if main(*sys.argv[1:3], int(sys.argv[3]) if len(sys.argv) == 4 else 90) else 1)
elif "SCHEMATHESIS_HOOKS" in os.environ:
    hooks()
