//! What the API description and the page say that no comment of the contract says: how calls, errors and streams look over HTTP.
//! Paragraphs of plain text, code between backticks.

pub(crate) const INTRODUCTION: [&str; 6] = [
    "Rapport is a customer-support backend: chats of customers with the staff of a workspace, many workspaces in one installation. \
     Each call is one rpc of the contract. It can be called by gRPC, and over HTTP by the route that stands at it; both give the same answers.",
    "Bodies are the canonical JSON form of protobuf: names in lower camel case, enum values by name, times as RFC 3339 text, 64-bit \
     numbers as text, bytes in base64. A field of an answer that is empty, zero or false may be left out. A field that a request does not \
     have is refused.",
    "What a route's path does not hold goes into the body, or, where a call takes no body, into the query: a list as a repeated \
     parameter, a field within a field with a dot between the names.",
    "An id is text that begins with its kind: `chat_` and 26 characters. Lengths are counted in Unicode characters. No text may hold \
     U+0000, whatever else its rule says.",
    "A call that makes something takes a `requestId`, a UUID that the client makes. The same id again gives the same answer, so a call \
     whose answer was lost is simply made again.",
    "A call that answers with a stream sends server-sent events (`text/event-stream`). Each item is one `data:` line of JSON. An error \
     after the start is an event of the name `problem` with a problem document as its data, and ends the stream.",
];

pub(crate) const AUTHENTICATION: [&str; 2] = [
    "Every call but the public ones takes an access token: `authorization: Bearer …`. A member gets one by signing in, a visitor by \
     starting a visit.",
    "Each call demands one permission. A member's role is a fixed set of permissions; a visitor has a set of their own. Which \
     things of a workspace a caller then sees is said at each service.",
];

pub(crate) const ERRORS: [&str; 3] = [
    "An error is a problem document (RFC 9457, `application/problem+json`). Switch on `reason`, never on the text in `detail`. \
     `requestId` is the id to quote. `violations` names each field that breaks its rule, `metadata` holds what the reason's line promises.",
    "Where `retryable` is true, the same call may succeed later, unchanged; `retryAfter` then says in how many seconds.",
    "By gRPC the same stands in the details of `google.rpc`, beside the status code: `ErrorInfo` holds reason and metadata, `BadRequest` \
     the violations, `RetryInfo` when to come back, `RequestInfo` the id to quote.",
];

pub(crate) const STREAM: &str = "A stream of server-sent events. Each item is one `data:` line of JSON. An error after the start is \
                                 an event of the name `problem` with a problem document as its data, and ends the stream.";

pub(crate) const RAW: &str = "The content itself, not JSON; `content-type` says what it is.";
