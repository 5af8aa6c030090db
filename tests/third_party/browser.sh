#!/usr/bin/env bash
# A whole conversation with curl: REST, and server-sent events to hear by.
#   browser.sh DATA_DIR [EDGE_URL]      the folder with the demo.json that rapport wrote; where an edge of its own process is
# Ends with status 0 where everything went as the contract says.
set -euo pipefail

[[ $# -eq 1 || $# -eq 2 ]] || { echo "usage: $0 DATA_DIR [EDGE_URL]" >&2; exit 2; }
demo=$1/demo.json
work=$(mktemp -d)
follower=

finish() {
    [[ -z $follower ]] || kill "$follower" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "browser.sh: $1" >&2
    exit 1
}

# json EXPRESSION: what the expression gives for `it`, the JSON on standard input.
json() {
    node -e 'const it = JSON.parse(require("fs").readFileSync(0)); const value = eval(process.argv[1]); console.log(value ?? "")' "$1"
}

edge=${2:-$(json it.edge_url <"$demo")}

# ask TOKEN VERB PATH [BODY]: the status, on a line of its own, and the answer.
ask() {
    curl --silent --max-time 20 --output "$work/answer" --write-out '%{http_code}\n' --request "$2" \
        ${1:+--header "authorization: Bearer $1"} ${4:+--header 'content-type: application/json' --data "$4"} "$edge$3"
}

# call TOKEN VERB PATH [BODY]: prints the answer, which must be a good one.
call() {
    local status
    status=$(ask "$@")
    [[ $status == 200 ]] || fail "$2 $3 answered $status: $(cat "$work/answer")"
    cat "$work/answer"
}

# refused STATUS REASON TOKEN VERB PATH [BODY]: the call must be refused with this status and this reason.
refused() {
    local wanted="$1 $2" got
    shift 2
    got="$(ask "$@") $(json it.reason <"$work/answer")"
    [[ $got == "$wanted" ]] || fail "$2 $3 was to be refused with $wanted and was with $got"
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
    local read='const all = require("fs").readFileSync(process.argv[2], "utf8").split("\n").filter((line) => line.startsWith("data: "))
        .flatMap((line) => { try { return [JSON.parse(line.slice(6))] } catch { return [] } });
        const found = all.filter((it) => { try { return eval(process.argv[1]) } catch { return false } }).pop();
        if (!found) process.exit(1);
        console.log(JSON.stringify(found));'
    until node -e "$read" "$1" "$work/heard"; do
        ((SECONDS < deadline)) || fail "the follower heard nothing for which: $1"
        kill -0 "$follower" 2>/dev/null || fail "the stream ended: $(cat "$work/heard")"
        sleep 0.1
    done
}

sign_in() {
    call "" POST /v1/auth:signIn "$(json "JSON.stringify({workspace: it.workspace, email: it.$1.email, password: it.$1.password})" <"$demo")"
}

agent=$(sign_in 'agents[0]' | json it.accessToken)
owner=$(sign_in owner | json it.accessToken)
visitor=$(call "" POST /v1/visitors:start "{\"workspace\": \"$(json it.workspace <"$demo")\"}" | json it.accessToken)
curl --silent --no-buffer --header "authorization: Bearer $owner" "$edge/v1/events:subscribe" >"$work/heard" &
follower=$!
heard it.checkpoint >/dev/null

chat=$(call "$visitor" POST /v1/chats "{\"requestId\": \"$(uuid)\", \"name\": \"Vera\", \"text\": \"Hello from curl\"}" | json it.chat.chatId)
equal "$(heard 'it.event.messageSent.message.text === "Hello from curl"' | json it.event.messageSent.message.chatId)" "$chat" "the chat that was heard of"
equal "$(call "$agent" POST "/v1/chats/$chat:claim" '{}' | json it.chat.state)" CHAT_STATE_ACTIVE "a claimed chat"
call "$agent" POST "/v1/chats/$chat:setTyping" '{"typing": true}' >/dev/null
heard "it.ephemeral.typing.chatId === '$chat'" >/dev/null
id=$(uuid)
first=$(call "$agent" POST "/v1/chats/$chat/messages" "{\"requestId\": \"$id\", \"text\": \"Good morning\"}" | json it.message.messageId)
equal "$(call "$agent" POST "/v1/chats/$chat/messages" "{\"requestId\": \"$id\", \"text\": \"Good morning\"}" | json it.message.messageId)" "$first" "the same send again"
refused 409 REQUEST_ID_REUSED "$agent" POST "/v1/chats/$chat/messages" "{\"requestId\": \"$id\", \"text\": \"Good evening\"}"
call "$agent" POST "/v1/chats/$chat/messages" "{\"requestId\": \"$(uuid)\", \"text\": \"SECRET\", \"internal\": true}" >/dev/null
call "$visitor" POST "/v1/chats/$chat:markRead" '{"seq": 2}' >/dev/null
heard 'it.event.messagesRead.seq === 2' >/dev/null
equal "$(call "$visitor" GET "/v1/chats/$chat/messages?pageSize=200" | json 'it.messages.map((message) => message.seq).join(" ")')" "1 2" "what the customer is shown"
call "$visitor" GET "/v1/chats/$chat/transcript" >"$work/transcript"
grep -q 'Good morning' "$work/transcript" && ! grep -q SECRET "$work/transcript" || fail "the customer's transcript: $(cat "$work/transcript")"
call "$agent" POST "/v1/chats/$chat:close" '{"reason": "solved"}' >/dev/null
equal "$(heard 'it.event.chatUpdated.chat.state === "CHAT_STATE_CLOSED"' | json it.event.chatUpdated.chat.closeReason)" solved "the reason heard"
ticket=$(call "$visitor" POST /v1/tickets "{\"requestId\": \"$(uuid)\", \"subject\": \"A refund\", \"text\": \"Please\"}" | json it.ticket.ticketId)
equal "$(heard "it.event.ticketUpdated.ticket.ticketId === '$ticket'" | json it.event.ticketUpdated.ticket.subject)" "A refund" "the ticket that was heard of"
call "$agent" POST "/v1/tickets/$ticket/comments" "{\"requestId\": \"$(uuid)\", \"text\": \"Done\"}" >/dev/null
equal "$(call "$visitor" GET "/v1/tickets/$ticket/comments" | json 'it.comments.map((comment) => comment.text).join(" ")')" "Please Done" "the comments the customer is shown"

refused 409 CHAT_CLOSED "$visitor" POST "/v1/chats/$chat/messages" "{\"requestId\": \"$(uuid)\", \"text\": \"too late\"}"
refused 401 TOKEN_MISSING "" GET "/v1/chats/$chat"
refused 403 PERMISSION_MISSING "$visitor" POST "/v1/chats/$chat:claim" '{}'
refused 400 FIELD_INVALID "$visitor" GET /v1/chats/nonsense
refused 404 ROUTE_UNKNOWN "$visitor" GET /v1/nothing
refused 405 VERB_NOT_ALLOWED "$visitor" DELETE "/v1/chats/$chat"
refused 400 TOKEN_IN_URL "" GET "/v1/self?access_token=$visitor"
echo "browser.sh: all as the contract says"
