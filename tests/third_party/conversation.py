#!/usr/bin/env python3
"""A whole conversation by somebody who has nothing but the server's address: every message type comes from server reflection.

    conversation.py DATA_DIR

DATA_DIR holds the `demo.json` that `rapport-core` wrote. Ends with status 0 where everything went as the contract says, with 1 and
one line that says what did not. A third party, the owner, follows all of it with Subscribe, breaks off in the middle and comes back.
"""

import json
import os
import queue
import stat
import sys
import threading
import uuid

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

# How long anything may take that must happen.
PATIENCE = 20


class Deviation(Exception):
    """Something was not as the contract says."""


def expect(condition, what):
    if not condition:
        raise Deviation(what)


def expect_equal(got, wanted, what):
    expect(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def request_id():
    return str(uuid.uuid4())


class Refusal(Exception):
    """A call was refused; read from google.rpc.Status as any client would."""

    def __init__(self, error):
        super().__init__(f"{error.code()}: {error.details()}")
        self.code = error.code()
        self.reason, self.domain, self.metadata, self.violations = None, None, {}, []
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest):
                message = kind()
                if not detail.Is(kind.DESCRIPTOR):
                    continue
                detail.Unpack(message)
                if kind is error_details_pb2.ErrorInfo:
                    self.reason, self.domain = message.reason, message.domain
                    self.metadata = dict(message.metadata)
                else:
                    self.violations = [violation.field for violation in message.field_violations]


class Server:
    """A server known by its address; what it offers is asked of it."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        database = ProtoReflectionDescriptorDatabase(self.channel)
        self.services = set(database.get_services())
        self.pool = DescriptorPool(database)

    def method(self, name):
        service, method = name.rsplit("/", 1)
        found = self.pool.FindServiceByName(service).FindMethodByName(method)
        expect(found is not None, f"{name} is offered")
        return found

    def prepared(self, name, body):
        method = self.method(name)
        request = json_format.ParseDict(body, message_factory.GetMessageClass(method.input_type)())
        answer = message_factory.GetMessageClass(method.output_type)
        return request, answer.FromString

    def call(self, name, body, token=None):
        request, read = self.prepared(name, body)
        call = self.channel.unary_unary(f"/{name}", lambda message: message.SerializeToString(), read)
        try:
            return json_format.MessageToDict(call(request, timeout=PATIENCE, metadata=bearer(token)))
        except grpc.RpcError as error:
            raise Refusal(error) from error

    def stream(self, name, body, token):
        request, read = self.prepared(name, body)
        call = self.channel.unary_stream(f"/{name}", lambda message: message.SerializeToString(), read)
        return call(request, metadata=bearer(token))


def bearer(token):
    return [("authorization", f"Bearer {token}")] if token else []


class Person:
    """Somebody with an access token."""

    def __init__(self, server, token, name=None, own_id=None):
        self.server, self.token, self.name, self.id = server, token, name, own_id

    @classmethod
    def member(cls, server, workspace, account):
        answer = server.call(
            "rapport.auth.v1.AuthService/SignIn",
            {"workspace": workspace, "email": account["email"], "password": account["password"]},
        )
        member = answer["member"]
        return cls(server, answer["accessToken"], member["name"], member["memberId"])

    @classmethod
    def visitor(cls, server, workspace):
        answer = server.call("rapport.auth.v1.AuthService/StartVisit", {"workspace": workspace})
        return cls(server, answer["accessToken"], own_id=answer["visitorId"])

    def chats(self, method, **body):
        return self.server.call(f"rapport.chats.v1.ChatService/{method}", body, self.token)

    def send(self, chat, text, **more):
        return self.chats("SendMessage", chatId=chat, **{"requestId": request_id(), "text": text, **more})["message"]

    def messages(self, chat):
        return self.chats("ListMessages", chatId=chat, pageSize=200).get("messages", [])

    def follow(self, cursor=""):
        return Follower(self, cursor)


class Follower:
    """A subscription read by a thread of its own."""

    def __init__(self, person, cursor):
        self.call = person.server.stream("rapport.events.v1.EventService/Subscribe", {"cursor": cursor}, person.token)
        self.items = queue.Queue()
        self.cursor = cursor
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()
        # The first item without an event says that the subscription stands and what was missed has come.
        if not cursor:
            expect("checkpoint" in self.next(), "a subscription without a cursor begins with a checkpoint")

    def _read(self):
        try:
            for item in self.call:
                self.items.put(json_format.MessageToDict(item))
        except grpc.RpcError as error:
            self.items.put(error)

    def next(self):
        try:
            item = self.items.get(timeout=PATIENCE)
        except queue.Empty:
            raise Deviation("the next event comes") from None
        if isinstance(item, grpc.RpcError):
            raise Deviation(f"the subscription stands: {item}")
        self.cursor = item.get("cursor") or self.cursor
        self.seen.append(item)
        return item

    def until(self, what, select):
        for _ in range(1000):
            found = select(self.next())
            if found:
                return found
        raise Deviation(f"{what} comes")

    def until_message(self, text):
        return self.until(
            f"the message {text!r}",
            lambda item: sent if (sent := message_of(item)) and sent["text"] == text else None,
        )

    def stop(self):
        self.call.cancel()


def message_of(item):
    return item.get("event", {}).get("messageSent", {}).get("message")


def chat_of(item):
    return item.get("event", {}).get("chatUpdated", {}).get("chat")


def refused(action, code, reason):
    try:
        answer = action()
    except Refusal as refusal:
        expect_equal((refusal.code, refusal.reason), (code, reason), "a refusal")
        expect_equal(refusal.domain, "rapport", "the domain of a refusal")
        return refusal
    raise Deviation(f"{reason} was expected, the answer was {answer}")


def read_demo(folder):
    path = os.path.join(folder, "demo.json")
    mode = stat.S_IMODE(os.stat(path).st_mode)
    expect_equal(oct(mode), oct(0o600), "nobody else may read demo.json: its mode")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(folder):
    demo = read_demo(folder)
    server = Server(demo["grpc_addr"])
    for service in ("auth.v1.AuthService", "tenants.v1.TenantService", "chats.v1.ChatService", "events.v1.EventService"):
        expect(f"rapport.{service}" in server.services, f"reflection lists rapport.{service}: {server.services}")

    workspace = demo["workspace"]
    owner = Person.member(server, workspace, demo["owner"])
    one, two = (Person.member(server, workspace, account) for account in demo["agents"][:2])
    visitor = Person.visitor(server, workspace)
    third_party = owner.follow()
    customer_hears = visitor.follow()

    chat = a_chat_begins(visitor, one, two, third_party)
    winner, loser = one_of_two_claims(chat, one, two)
    both_talk(chat, visitor, winner, third_party, customer_hears)
    third_party = coming_back_loses_nothing(chat, visitor, owner, third_party)
    a_note_stays_inside(chat, visitor, winner, third_party, customer_hears)
    the_chat_ends(chat, visitor, winner, loser, third_party)
    everything_wrong_is_named(server, chat, visitor, winner)

    stored = winner.messages(chat)
    expect_equal([message["seq"] for message in stored], list(range(1, len(stored) + 1)), "the numbers of the chat")
    return len(stored)


def a_chat_begins(visitor, one, two, third_party):
    body = {"requestId": request_id(), "name": "Vera", "text": "Hello?", "pageUrl": "https://example.org/"}
    chat = visitor.chats("StartChat", **body)["chat"]
    expect_equal(chat["state"], "CHAT_STATE_WAITING", "the state of a new chat")
    again = visitor.chats("StartChat", **body)["chat"]
    expect_equal(again["chatId"], chat["chatId"], "the same request id gives the same chat")
    expect_equal(third_party.until_message("Hello?")["seq"], 1, "the first message's number")
    for agent in (one, two):
        listed = agent.chats("ListChats", states=["CHAT_STATE_WAITING"])["chats"]
        expect(chat["chatId"] in [entry["chatId"] for entry in listed], "agents see the waiting chat")
    return chat["chatId"]


def one_of_two_claims(chat, one, two):
    outcomes = {}

    def claim(agent):
        try:
            outcomes[agent] = agent.chats("ClaimChat", chatId=chat)["chat"]
        except Refusal as refusal:
            outcomes[agent] = refusal

    threads = [threading.Thread(target=claim, args=(agent,)) for agent in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [agent for agent, outcome in outcomes.items() if not isinstance(outcome, Refusal)]
    expect_equal(len(winners), 1, "winners of two claims")
    winner = winners[0]
    loser = two if winner is one else one
    refusal = outcomes[loser]
    expect_equal((refusal.code, refusal.reason), (grpc.StatusCode.FAILED_PRECONDITION, "CHAT_TAKEN"), "the other claim")
    expect_equal(refusal.metadata, {"assignee": winner.name, "assignee_id": winner.id}, "who took it")
    return winner, loser


def both_talk(chat, visitor, agent, third_party, customer_hears):
    for number in range(1, 6):
        for person, text in ((agent, f"question {number}"), (visitor, f"answer {number} äöü 👍 <b>&amp;</b>")):
            sent = person.send(chat, text)
            expect_equal(sent["text"], text, "the text comes back as it was written")
            expect_equal(customer_hears.until_message(text), sent, "what the customer hears")
            expect_equal(third_party.until_message(text), sent, "what the third party hears")
    repeated = {"requestId": request_id(), "text": "only once"}
    first = visitor.send(chat, **repeated)
    expect_equal(visitor.send(chat, **repeated), first, "the answer of a repeated send")
    refused(
        lambda: visitor.send(chat, **{**repeated, "text": "something else"}),
        grpc.StatusCode.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
    )
    visitor.chats("SetTyping", chatId=chat, typing=True)
    typing = third_party.until("typing", lambda item: item.get("ephemeral", {}).get("typing"))
    expect_equal((typing["chatId"], typing["typing"]), (chat, True), "typing")
    expect_equal(agent.chats("MarkRead", chatId=chat, seq=first["seq"])["readSeq"], first["seq"], "the read mark")
    expect_equal(agent.chats("MarkRead", chatId=chat, seq=1)["readSeq"], first["seq"], "a read mark never goes back")


def coming_back_loses_nothing(chat, visitor, owner, third_party):
    third_party.stop()
    missed = [visitor.send(chat, f"while you were away {number}") for number in range(3)]
    back = owner.follow(third_party.cursor)
    for sent in missed:
        expect_equal(back.until_message(sent["text"]), sent, "what was missed comes on return")
    heard = [message_of(item)["seq"] for item in third_party.seen + back.seen if message_of(item)]
    expect_equal(heard, sorted(set(heard)), "over the break everything is heard once and in order")
    return back


def a_note_stays_inside(chat, visitor, agent, third_party, customer_hears):
    note = agent.send(chat, "SECRET: a difficult one", internal=True)
    expect_equal(third_party.until_message(note["text"])["internal"], True, "the staff hears the note")
    refused(
        lambda: visitor.send(chat, "a note of mine", internal=True),
        grpc.StatusCode.PERMISSION_DENIED,
        "INTERNAL_NOTE_REFUSED",
    )
    after = agent.send(chat, "just a moment")
    expect_equal(customer_hears.until_message("just a moment")["seq"], after["seq"], "what the customer hears next")
    shown = [customer_hears.seen, visitor.messages(chat), visitor.chats("GetChat", chatId=chat)]
    shown.append(visitor.server.call("rapport.events.v1.EventService/Read", {"pageSize": 200}, visitor.token))
    expect("SECRET" not in json.dumps(shown), "the customer is shown nothing of the note")


def the_chat_ends(chat, visitor, winner, loser, third_party):
    handed = winner.chats("TransferChat", chatId=chat, memberId=loser.id)["chat"]
    expect_equal(handed["assignee"]["memberId"], loser.id, "whom the chat was given to")
    closed = loser.chats("CloseChat", chatId=chat, reason="solved")["chat"]
    expect_equal((closed["state"], closed["closeReason"]), ("CHAT_STATE_CLOSED", "solved"), "the closed chat")
    third_party.until(
        "the close", lambda item: (found := chat_of(item)) and found["state"] == "CHAT_STATE_CLOSED" and found
    )
    refused(lambda: visitor.send(chat, "too late"), grpc.StatusCode.FAILED_PRECONDITION, "CHAT_CLOSED")


def everything_wrong_is_named(server, chat, visitor, agent):
    nowhere = chat[:-4] + ("0000" if not chat.endswith("0000") else "1111")
    refused(lambda: agent.chats("GetChat", chatId=nowhere), grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    refusal = refused(
        lambda: visitor.chats("SendMessage", chatId="nonsense", requestId="nonsense", text=" "),
        grpc.StatusCode.INVALID_ARGUMENT,
        "FIELD_INVALID",
    )
    expect_equal(refusal.violations, ["chatId", "requestId", "text"], "the fields that are wrong")
    refused(lambda: visitor.chats("ClaimChat", chatId=chat), grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_MISSING")
    stranger = Person(server, None)
    refused(lambda: stranger.chats("GetChat", chatId=chat), grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")
    server.call("rapport.auth.v1.AuthService/SignOut", {}, visitor.token)
    refused(lambda: visitor.chats("GetChat", chatId=chat), grpc.StatusCode.UNAUTHENTICATED, "SESSION_ENDED")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} DATA_DIR")
    try:
        print(f"conversation.py: {main(sys.argv[1])} messages, all as the contract says")
    except (Deviation, Refusal) as deviation:
        sys.exit(f"conversation.py: {type(deviation).__name__}: {deviation}")
