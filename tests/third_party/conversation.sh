#!/usr/bin/env bash
# A whole conversation with `buf curl`: no generated code, every message type asked of the server by reflection.
#   conversation.sh DATA_DIR      the folder with the demo.json that rapport-core wrote
# Ends with status 0 where everything went as the contract says. `buf` comes from proto/package.json (npm ci --prefix proto).
set -euo pipefail

[[ $# -eq 1 ]] || { echo "usage: $0 DATA_DIR" >&2; exit 2; }
demo=$1/demo.json
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
buf=$root/proto/node_modules/.bin/buf
work=$(mktemp -d)
follower=

finish() {
    [[ -z $follower ]] || kill "$follower" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "conversation.sh: $1" >&2
    exit 1
}

# json EXPRESSION: what the expression gives for `it`, the JSON on standard input.
json() {
    node -e 'const it = JSON.parse(require("fs").readFileSync(0)); const value = eval(process.argv[1]); console.log(value ?? "")' "$1"
}

address=http://$(json 'it.grpc_addr' <"$demo")

# call TOKEN SERVICE/METHOD BODY: prints the answer.
call() {
    local header=()
    [[ -z $1 ]] || header=(-H "authorization: Bearer $1")
    "$buf" curl --protocol grpc --http2-prior-knowledge "${header[@]}" -d "$3" "$address/rapport.$2"
}

# refused CODE REASON TOKEN SERVICE/METHOD BODY: the call must be refused with this code and this reason.
refused() {
    local code=$1 reason=$2
    if call "$3" "$4" "$5" >"$work/answer" 2>"$work/error"; then
        fail "$4 was to be refused with $reason and answered $(cat "$work/answer")"
    fi
    # ErrorInfo's first field is the reason: a tag, a length, the text.
    local got
    got=$(json '(() => {
        const info = it.details.find((detail) => detail.type === "google.rpc.ErrorInfo");
        const bytes = Buffer.from(info.value, "base64");
        return it.code + " " + bytes.subarray(2, 2 + bytes[1]).toString();
    })()' <"$work/error")
    [[ $got == "$code $reason" ]] || fail "$4 was to be refused with $code $reason and was with $got"
}

equal() {
    [[ $1 == "$2" ]] || fail "$3: got '$1', wanted '$2'"
}

uuid() {
    node -p 'crypto.randomUUID()'
}

# heard EXPRESSION: waits until the follower has heard an item for which the expression is true, and prints the last such item.
heard() {
    local deadline=$((SECONDS + 20))
    # `buf curl` prints one JSON object after the other; each begins on a line of its own.
    local read='const all = require("fs").readFileSync(process.argv[2], "utf8").split(/\n(?=\{)/).flatMap((text) => {
        try { return [JSON.parse(text)] } catch { return [] } });
        const found = all.filter((it) => { try { return eval(process.argv[1]) } catch { return false } }).pop();
        if (!found) process.exit(1);
        console.log(JSON.stringify(found));'
    until node -e "$read" "$1" "$work/heard"; do
        ((SECONDS < deadline)) || fail "the follower heard nothing for which: $1"
        kill -0 "$follower" 2>/dev/null || fail "the subscription ended: $(cat "$work/heard.error")"
        sleep 0.1
    done
}

sign_in() {
    call "" auth.v1.AuthService/SignIn "$(json "JSON.stringify({workspace: it.workspace, email: it.$1.email, password: it.$1.password})" <"$demo")"
}

"$buf" curl --protocol grpc --http2-prior-knowledge "$address" --list-methods >"$work/methods"
for method in auth.v1.AuthService/SignIn chats.v1.ChatService/SendMessage events.v1.EventService/Subscribe; do
    grep -qx "rapport.$method" "$work/methods" || fail "reflection does not list rapport.$method"
done

owner=$(sign_in owner | json 'it.accessToken')
sign_in 'agents[0]' >"$work/agent"
agent=$(json 'it.accessToken' <"$work/agent")
agent_id=$(json 'it.member.memberId' <"$work/agent")
agent_name=$(json 'it.member.name' <"$work/agent")
other=$(sign_in 'agents[1]' | json 'it.accessToken')
workspace=$(json 'it.workspace' <"$demo")
visitor=$(call "" auth.v1.AuthService/StartVisit "{\"workspace\": \"$workspace\"}" | json 'it.accessToken')

# A third party follows everything.
call "$owner" events.v1.EventService/Subscribe '{}' >"$work/heard" 2>"$work/heard.error" &
follower=$!
heard 'it.checkpoint' >/dev/null

chats=chats.v1.ChatService
chat=$(call "$visitor" $chats/StartChat "{\"requestId\": \"$(uuid)\", \"name\": \"Vera\", \"text\": \"Hello from buf\"}" | json 'it.chat.chatId')
equal "$(heard 'it.event.messageSent.message.text === "Hello from buf"' | json 'it.event.messageSent.message.chatId')" "$chat" "the chat that was heard of"

equal "$(call "$agent" $chats/ClaimChat "{\"chatId\": \"$chat\"}" | json 'it.chat.state')" CHAT_STATE_ACTIVE "a claimed chat"
refused failed_precondition CHAT_TAKEN "$other" $chats/ClaimChat "{\"chatId\": \"$chat\"}"
told=$(json 'it.details.map((detail) => Buffer.from(detail.value, "base64").toString().replaceAll("\0", "")).join(" ")' <"$work/error")
[[ $told == *"$agent_name"* ]] || fail "the other claim is to be told that $agent_name was first, and was told: $told"

id=$(uuid)
reply="{\"chatId\": \"$chat\", \"requestId\": \"$id\", \"text\": \"Good morning\"}"
first=$(call "$agent" $chats/SendMessage "$reply" | json 'it.message.messageId')
equal "$(call "$agent" $chats/SendMessage "$reply" | json 'it.message.messageId')" "$first" "the same send again"
refused already_exists REQUEST_ID_REUSED "$agent" $chats/SendMessage "{\"chatId\": \"$chat\", \"requestId\": \"$id\", \"text\": \"Good evening\"}"
call "$agent" $chats/SendMessage "{\"chatId\": \"$chat\", \"requestId\": \"$(uuid)\", \"text\": \"SECRET\", \"internal\": true}" >/dev/null
call "$visitor" $chats/SendMessage "{\"chatId\": \"$chat\", \"requestId\": \"$(uuid)\", \"text\": \"Thank you\"}" >/dev/null
equal "$(heard 'it.event.messageSent.message.text === "Thank you"' | json 'it.event.messageSent.message.seq')" 4 "the number of the last message"
call "$visitor" $chats/ListMessages "{\"chatId\": \"$chat\"}" >"$work/shown"
equal "$(json 'it.messages.map((message) => message.seq).join(" ")' <"$work/shown")" "1 2 4" "what the customer is shown"
! grep -q SECRET "$work/shown" || fail "the customer was shown an internal note"
call "$visitor" events.v1.EventService/Read '{"pageSize": 200}' >"$work/shown"
! grep -q SECRET "$work/shown" || fail "the customer was shown an internal note by the log"
equal "$(call "$agent" $chats/GetChat "{\"chatId\": \"$chat\"}" | json 'it.chat.assignee.memberId')" "$agent_id" "the assignee"

call "$agent" $chats/CloseChat "{\"chatId\": \"$chat\", \"reason\": \"solved\"}" >/dev/null
equal "$(heard 'it.event.chatUpdated.chat.state === "CHAT_STATE_CLOSED"' | json 'it.event.chatUpdated.chat.closeReason')" solved "the reason heard"
refused failed_precondition CHAT_CLOSED "$visitor" $chats/SendMessage "{\"chatId\": \"$chat\", \"requestId\": \"$(uuid)\", \"text\": \"too late\"}"
refused unauthenticated TOKEN_MISSING "" $chats/GetChat "{\"chatId\": \"$chat\"}"
refused permission_denied PERMISSION_MISSING "$visitor" $chats/ClaimChat "{\"chatId\": \"$chat\"}"
refused invalid_argument FIELD_INVALID "$visitor" $chats/GetChat '{"chatId": "nonsense"}'
echo "conversation.sh: all as the contract says"
