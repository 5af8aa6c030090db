#!/usr/bin/env python3
"""A whole conversation by browsers: REST and one WebSocket each, nothing generated, while a third party on gRPC follows.

    browser.py DATA_DIR [EDGE_URL]

DATA_DIR holds the `demo.json` that `rapport` wrote; EDGE_URL is where the edge is when it is a process of its own. Ends with status 0
where everything went as the contract says, with 1 and one line that says what did not. A visitor asks, an agent hears, claims and
answers; both type and read; the agent leaves a note, closes, makes a ticket. The visitor's socket breaks in the middle and comes
back. At the end the owner's socket and the owner's gRPC log are the same, event for event.
"""

import itertools
import json
import os
import sys
import urllib.error
import urllib.request

from conversation import Deviation, Server, expect, expect_equal, request_id
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

# How long anything may take that must happen.
PATIENCE = 20


class Rest:
    """The edge by HTTP."""

    def __init__(self, url):
        self.url = url

    def ask(self, verb, path, body=None, token=None, cookie=None):
        """Status, headers and answer, whatever the status is."""
        headers = {"content-type": "application/json"} if body is not None else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if cookie:
            headers["cookie"] = cookie
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=verb)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, error.headers, json.loads(error.read() or b"{}")

    def call(self, verb, path, body=None, token=None):
        status, _, answer = self.ask(verb, path, body, token)
        expect_equal(status, 200, f"{verb} {path}: {answer}")
        return answer


class Problem(Exception):
    """A call over the socket was refused."""

    def __init__(self, problem):
        super().__init__(problem.get("detail"))
        self.reason = problem["reason"]


class Socket:
    """A browser's live connection."""

    def __init__(self, rest, token, cursor=""):
        self.calls = itertools.count(1)
        self.heard, self.results = [], {}
        address = rest.url.replace("http", "ws", 1) + "/v1/live"
        opening = connect(address, subprotocols=["rapport.v1.json"], compression=None, open_timeout=PATIENCE)
        # Closed when the process ends, or cut: a browser's tab does no more.
        self.socket = opening.__enter__()
        expect_equal(self.socket.subprotocol, "rapport.v1.json", "the protocol agreed on")
        self.send(hello={"token": token, "cursor": cursor})
        welcome = self.receive()
        expect("welcome" in welcome, f"hello is answered by welcome: {welcome}")
        self.welcome = welcome["welcome"]

    def send(self, **frame):
        self.socket.send(json.dumps(frame))

    def receive(self):
        return json.loads(self.socket.recv(timeout=PATIENCE))

    def take(self):
        """Takes one frame to where it belongs."""
        frame = self.receive()
        if "result" in frame:
            self.results[frame["result"]["id"]] = frame["result"]
        else:
            self.heard.append(frame)

    def call(self, method, **body):
        number = next(self.calls)
        self.send(call={"id": number, "method": f"rapport.{method}", "body": body})
        while number not in self.results:
            self.take()
        result = self.results.pop(number)
        if "problem" in result:
            raise Problem(result["problem"])
        return result.get("body", {})

    def refused(self, reason, method, **body):
        try:
            answer = self.call(method, **body)
        except Problem as problem:
            expect_equal(problem.reason, reason, f"why {method} is refused")
        else:
            raise Deviation(f"{method} was to be refused with {reason} and answered {answer}")

    def events(self):
        return [frame["event"] for frame in self.heard if "event" in frame]

    def until(self, what, fits):
        """Waits until a frame was heard that fits, and gives it."""
        seen = 0
        while True:
            for frame in self.heard[seen:]:
                found = fits(frame)
                if found:
                    return found
            seen = len(self.heard)
            try:
                self.take()
            except TimeoutError as error:
                raise Deviation(f"nobody heard {what}") from error

    def message(self, text):
        def fits(frame):
            message = frame.get("event", {}).get("data", {}).get("messageSent", {}).get("message", {})
            return message if message.get("text") == text else None

        return self.until(f"the message {text!r}", fits)

    def typing(self, chat, typing=True):
        def fits(frame):
            said = frame.get("ephemeral", {}).get("typing", {})
            return said if said.get("chatId") == chat and said.get("typing", False) == typing else None

        return self.until("that somebody writes", fits)

    def cursor(self):
        """The last place this browser knows."""
        known = [frame[kind]["cursor"] for frame in self.heard for kind in ("event", "checkpoint") if kind in frame]
        return known[-1] if known else self.welcome["head"]

    def cut(self):
        self.socket.socket.close()


def sign_in(rest, workspace, account):
    body = {"workspace": workspace, "email": account["email"], "password": account["password"]}
    status, headers, answer = rest.ask("POST", "/v1/auth:signIn", body)
    expect_equal(status, 200, f"signing in: {answer}")
    cookie = headers["set-cookie"] or ""
    for part in ("__Host-rapport-refresh=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"):
        expect(part in cookie, f"the refresh token's cookie has {part}: {cookie}")
    expect("refreshToken" not in answer, "a browser is not told the refresh token")
    # The cookie alone gives the next access token, and a next cookie.
    status, headers, again = rest.ask("POST", "/v1/auth:refresh", {"requestId": request_id()}, cookie=cookie.split(";")[0])
    expect_equal(status, 200, f"refreshing by cookie: {again}")
    expect(headers["set-cookie"].split(";")[0] != cookie.split(";")[0], "the refresh token is another one each time")
    return again["accessToken"], answer["member"]


def conversation(rest, server, demo):
    owner_token, _ = sign_in(rest, demo["workspace"], demo["owner"])
    agent_token, agent_self = sign_in(rest, demo["workspace"], demo["agents"][0])
    other_token, _ = sign_in(rest, demo["workspace"], demo["agents"][1])
    visit = rest.call("POST", "/v1/visitors:start", {"workspace": demo["workspace"]})
    owner, agent, other = (Socket(rest, token) for token in (owner_token, agent_token, other_token))
    visitor = Socket(rest, visit["accessToken"])

    chats = "chats.v1.ChatService"
    chat = visitor.call(f"{chats}/StartChat", requestId=request_id(), name="Vera", text="Hello from a page")["chat"]["chatId"]
    expect_equal(agent.message("Hello from a page")["chatId"], chat, "the chat the agent heard of")
    claimed = agent.call(f"{chats}/ClaimChat", chatId=chat)["chat"]
    expect_equal(claimed["assignee"]["memberId"], agent_self["memberId"], "who answers")
    other.refused("CHAT_TAKEN", f"{chats}/ClaimChat", chatId=chat)

    agent.call(f"{chats}/SetTyping", chatId=chat, typing=True)
    expect_equal(visitor.typing(chat)["sender"]["name"], agent_self["name"], "who writes, as the visitor hears")
    send = {"chatId": chat, "requestId": request_id(), "text": "Good morning"}
    first = agent.call(f"{chats}/SendMessage", **send)["message"]
    # The same send by another way is the same message.
    again = rest.call("POST", f"/v1/chats/{chat}/messages", {k: v for k, v in send.items() if k != "chatId"}, agent_token)
    expect_equal(again["message"], first, "the same send over REST")
    expect_equal(visitor.message("Good morning")["seq"], 2, "the number of the answer")
    visitor.call(f"{chats}/MarkRead", chatId=chat, seq=2)
    agent.until("that the visitor has read", lambda frame: frame.get("event", {}).get("data", {}).get("messagesRead"))
    agent.call(f"{chats}/SendMessage", chatId=chat, requestId=request_id(), text="SECRET", internal=True)
    owner.message("SECRET")

    # The visitor's connection breaks, somebody speaks, the visitor comes back where it was.
    seen = [event["cursor"] for event in visitor.events()]
    place, heard = visitor.cursor(), visitor.heard
    visitor.cut()
    agent.call(f"{chats}/SendMessage", chatId=chat, requestId=request_id(), text="Are you there?")
    visitor = Socket(rest, visit["accessToken"], place)
    expect_equal(visitor.message("Are you there?")["seq"], 4, "the number of what was said meanwhile")
    expect(not set(seen) & {event["cursor"] for event in visitor.events()}, "nothing is heard twice")
    visitor.call(f"{chats}/SendMessage", chatId=chat, requestId=request_id(), text="Thank you")
    expect_equal(agent.message("Thank you")["seq"], 5, "the number of the last message")
    visitor.message("Thank you")
    expect("SECRET" not in json.dumps(heard + visitor.heard), "an internal note never reaches the visitor")

    tickets = "tickets.v1.TicketService"
    made = agent.call(f"{tickets}/CreateTicket", requestId=request_id(), chatId=chat, subject="A refund", text="Please refund.")["ticket"]
    shown = rest.call("GET", f"/v1/tickets/{made['ticketId']}", token=visit["accessToken"])["ticket"]
    expect_equal((shown["number"], shown["subject"]), (made["number"], "A refund"), "the ticket as its customer sees it")
    agent.call(f"{chats}/CloseChat", chatId=chat, reason="solved")
    visitor.refused("CHAT_CLOSED", f"{chats}/SendMessage", chatId=chat, requestId=request_id(), text="too late")
    visitor.refused("PERMISSION_MISSING", f"{chats}/ClaimChat", chatId=chat)

    def closed(frame):
        return frame.get("event", {}).get("data", {}).get("chatUpdated", {}).get("chat", {}).get("closeReason") == "solved"

    owner.until("that the chat is closed", closed)
    # A third party on gRPC has the very same log.
    logged, cursor = [], owner.welcome["head"]
    while True:
        page = server.call("rapport.events.v1.EventService/Read", {"cursor": cursor, "pageSize": 200}, owner_token)
        logged += [(item["cursor"], item["event"]) for item in page.get("items", [])]
        cursor = page["cursor"]
        if page.get("atEnd"):
            break
    live = [(event["cursor"], event["data"]) for event in owner.events()]
    expect(len(live) > 8, "the conversation is in the log")
    expect_equal(live, logged, "what the socket heard and what gRPC reads")
    expect(all(event["type"] == event["data"]["type"] for event in owner.events()), "the type is the event's")

    rest.call("POST", "/v1/auth:signOut", {}, agent_token)
    try:
        while True:
            agent.receive()
    except ConnectionClosed as end:
        expect_equal(end.rcvd.code if end.rcvd else None, 4501, f"how the socket of a signed-out agent is closed ({end})")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: {sys.argv[0]} DATA_DIR [EDGE_URL]")
    with open(os.path.join(sys.argv[1], "demo.json"), encoding="utf-8") as file:
        demo = json.load(file)
    rest = Rest(sys.argv[2] if len(sys.argv) == 3 else demo["edge_url"])
    try:
        conversation(rest, Server(demo["grpc_addr"]), demo)
    except Deviation as deviation:
        sys.exit(f"browser.py: {deviation}")
    print("browser.py: all as the contract says")


if __name__ == "__main__":
    main()
