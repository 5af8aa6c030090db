#!/usr/bin/env python3
"""What compose.yaml describes, without containers: its syntax, its settings, and the same programs in the same arrangement.

    compose.py PROGRAMS

PROGRAMS is the folder of the built programs. RAPPORT_TEST_POSTGRES and RAPPORT_TEST_REDIS name the private instances that take the place
of the two services. Each service of ours runs its own command, with its own environment and as often as it has replicas, on addresses of
the loopback interface; its health check is asked in its own words. What a person does then goes over both edges. Ends with status 0 where
all of it works, with 1 and one line that says what did not.
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

import yaml

PATIENCE = 60
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Deviation(Exception):
    """Something is not as it is said."""


def expect(condition, what):
    if not condition:
        raise Deviation(what)


def check_references(said):
    """Every service, volume and network that is named is there."""
    for name, service in said["services"].items():
        for other in service.get("depends_on", {}):
            expect(other in said["services"], f"{name} depends on {other}, which is not there")
        for network in service.get("networks", []):
            expect(network in said["networks"], f"{name} is in {network}, which is not there")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (ROOT / source).exists() if source.startswith(".") else source in said["volumes"]
            expect(there, f"{name} mounts {source}, which is not there")


def check_dockerfile():
    """Each stage copies from one before it and from what is in the source; the last one is nobody's that may do anything."""
    stages, user = [], None
    for line in re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        expect(words[0] in "FROM WORKDIR COPY RUN ENV USER EXPOSE STOPSIGNAL HEALTHCHECK CMD".split(), f"Dockerfile: {line}")
        if words[0] == "FROM":
            stages.append(words[3] if len(words) > 3 else "")
            user = None
        if words[0] == "USER":
            user = words[1]
        if words[0] == "COPY":
            if words[1].startswith("--from="):
                expect(words[1][7:] in stages[:-1], f"Dockerfile: {line}")
            else:
                expect(all((ROOT / source).exists() for source in words[1:-1]), f"Dockerfile: {line}")
        if words[0] == "CMD":
            json.loads(line[4:])
    expect(user and not user.startswith("0"), "Dockerfile: the last stage runs as root")


class Arrangement:
    """The services of ours, each process on an address of its own."""

    def __init__(self, programs, folder, said):
        self.programs, self.folder, self.said = programs, folder, said
        self.ports, self.running, self.healths = {}, [], []
        self.database = "compose_" + uuid.uuid4().hex[:12]
        self.postgres = os.environ["RAPPORT_TEST_POSTGRES"]
        self.sql(f"CREATE DATABASE {self.database}")
        (folder / "keys/master").mkdir(parents=True)
        (folder / "keys/edge").mkdir()

    def sql(self, statement):
        subprocess.run(["psql", "--no-psqlrc", "--quiet", "--dbname", self.postgres, "--command", statement], check=True)

    def port(self, service, replica, inside):
        """The port here of a port inside of a replica."""
        key = (service, replica, inside)
        if key not in self.ports:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.ports[key] = free.getsockname()[1]
        return self.ports[key]

    def replicas(self, service):
        return range(self.said["services"][service].get("deploy", {}).get("replicas", 1))

    def here(self, service, replica, name, value):
        """A setting with the addresses and folders of here in place of those in a container."""
        value = str(value).replace("/keys/", f"{self.folder}/keys/").replace("/tmp/rapport", f"{self.folder}/{service}-{replica}")
        if name == "RAPPORT_DATABASE_URL":
            expect(re.fullmatch(r"postgres://rapport:\$\{POSTGRES_PASSWORD:\?choose one\}@postgres:5432/rapport", value), value)
            return self.postgres.rsplit("/", 1)[0] + "/" + self.database
        if name == "RAPPORT_REDIS__URL":
            expect(value == "redis://redis:6379/0", value)
            return os.environ["RAPPORT_TEST_REDIS"] + "/0"
        if name == "RAPPORT_CORE_URLS":
            host, inside = re.fullmatch(r"http://(\w+):(\d+)", value).groups()
            return ",".join(f"http://127.0.0.1:{self.port(host, core, inside)}" for core in self.replicas(host))
        if name == "RAPPORT_TRUSTED_PROXIES":
            return "127.0.0.0/8"
        listen = re.fullmatch(r"0\.0\.0\.0:(\d+)", value)
        return f"127.0.0.1:{self.port(service, replica, listen[1])}" if listen else value

    def run(self, service):
        """Runs a service to its end, or starts its replicas and waits until each says that it is well."""
        described = self.said["services"][service]
        command = [word.replace("$$", "$").replace("/keys/", f"{self.folder}/keys/") for word in described["command"]]
        for replica in self.replicas(service):
            environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
            environment["PATH"] = f"{self.programs}:{environment['PATH']}"
            for name, value in described.get("environment", {}).items():
                environment[name] = self.here(service, replica, name, value)
            if described.get("restart") == "no":
                subprocess.run(command, env=environment, cwd=self.folder, check=True, timeout=PATIENCE)
                continue
            log = self.folder / f"{service}-{replica}.log"
            with log.open("w") as out:
                self.running.append((service, subprocess.Popen(command, env=environment, cwd=self.folder, stdout=out, stderr=out)))
            test = described["healthcheck"]["test"]
            expect(test[0] == "CMD", f"{service}: {test}")
            self.healths.append((service, test[1:], environment, log))
        for name, test, environment, log in self.healths:
            deadline = time.monotonic() + PATIENCE
            while (asked := subprocess.run(test, env=environment, capture_output=True, text=True, check=False)).returncode != 0:
                expect(time.monotonic() < deadline, f"{name} is not well: {asked.stderr}{log.read_text()[-2000:]}")
                time.sleep(0.2)

    def end(self):
        """The edges first, then the cores; all of them in good order."""
        ends = []
        for service, process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
            ends.append((service, process.wait(timeout=PATIENCE)))
        for service, test, environment, _log in self.healths:
            asked = subprocess.run(test, env=environment, capture_output=True, check=False)
            ends.append((f"the health of {service}, which has gone", 0 if asked.returncode != 0 else 1))
        self.sql(f"DROP DATABASE {self.database} WITH (FORCE)")
        return ends


def call(url, path, body, token=None):
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def converse(arrangement):
    logs = [arrangement.folder / f"core-{core}.log" for core in arrangement.replicas("core")]
    token = next(found[1] for log in logs if (found := re.search(r"setup token: (\S+)", log.read_text())))
    edges = [f"http://127.0.0.1:{arrangement.port('edge', edge, '8080')}" for edge in arrangement.replicas("edge")]
    owner = {"email": "olga@acme.example", "name": "Olga", "password": "correct horse battery"}
    workspace = {"slug": "acme", "name": "Acme"}
    call(edges[0], "/v1/auth:setUp", {"setupToken": token, "workspace": workspace, "owner": owner})
    visitor = call(edges[1], "/v1/visitors:start", {"workspace": "acme"})["accessToken"]
    chat = call(edges[0], "/v1/chats", {"requestId": str(uuid.uuid4()), "name": "Vera", "text": "Hello?"}, visitor)
    place = f"/v1/chats/{chat['chat']['chatId']}/messages"
    for number, edge in enumerate(edges * 5):
        sent = call(edge, place, {"requestId": str(uuid.uuid4()), "text": str(number)}, visitor)
        expect(sent["message"]["seq"] == number + 2, f"message {number}: {sent}")


def main():
    (programs,) = sys.argv[1:]
    said = yaml.safe_load((ROOT / "compose.yaml").read_text())
    check_references(said)
    check_dockerfile()
    with tempfile.TemporaryDirectory() as folder:
        arrangement = Arrangement(pathlib.Path(programs).resolve(), pathlib.Path(folder), said)
        try:
            for service in ("keys", "migrate", "core", "edge"):
                arrangement.run(service)
            shown = [name for name, *_ in arrangement.healths]
            expect(shown == ["core", "core", "edge", "edge"], f"two of each: {shown}")
            converse(arrangement)
        finally:
            ends = arrangement.end()
        expect(all(status == 0 for _, status in ends), f"not all of them ended in good order: {ends}")
    print("compose.yaml: ok")


if __name__ == "__main__":
    try:
        main()
    except (Deviation, subprocess.SubprocessError, OSError) as why:
        print(f"compose.yaml: {why}")
        sys.exit(1)
