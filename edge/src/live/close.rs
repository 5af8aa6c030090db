//! Why a socket is closed: every code in one table, from which `/docs` is made too. From 4000 to 4499 the client comes back with its
//! cursor, from 4500 on it does not: what it did would end the same way again.

use std::{fmt::Write as _, time::Duration};

use rapport_proto::{contract::reason_name, errors::v1::Reason, fault::Fault};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[expect(missing_docs, reason = "the table below says what each means")]
pub enum Close {
    Protocol = 1002,
    Binary = 1003,
    NotUtf8 = 1007,
    TooLarge = 1009,
    TokenSpent = 4401,
    TooSlow = 4408,
    SlowReader = 4409,
    ShuttingDown = 4410,
    HistoryChanged = 4411,
    CoreUnavailable = 4412,
    Silent = 4413,
    Flood = 4429,
    FrameMalformed = 4500,
    Unauthorized = 4501,
    CursorInvalid = 4502,
    OriginRefused = 4503,
    TooManyPieces = 4504,
}

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    /// Which, and with it the code in the close frame.
    pub close: Close,
    /// The close frame's reason, where no error reason says more.
    pub name: &'static str,
    /// What it means and what to do.
    pub meaning: &'static str,
}

const fn row(close: Close, name: &'static str, meaning: &'static str) -> Row {
    Row { close, name, meaning }
}

/// Every code there is.
pub const TABLE: &[Row] = &[
    row(
        Close::Protocol,
        "PROTOCOL_ERROR",
        "Bytes that are not RFC 6455: an unmasked frame, a reserved bit, an unknown opcode.",
    ),
    row(Close::Binary, "TEXT_ONLY", "A binary message: every frame is text."),
    row(Close::NotUtf8, "NOT_UTF8", "A text that is not UTF-8."),
    row(Close::TooLarge, "FRAME_TOO_LARGE", "A message of more than 64 KiB."),
    row(
        Close::TokenSpent,
        "TOKEN_EXPIRED",
        "The access token's time is over, or the rights it was made for have changed: get a new one, come back. The reason is \
         TOKEN_EXPIRED or TOKEN_STALE.",
    ),
    row(
        Close::TooSlow,
        "REQUEST_TOO_SLOW",
        "No frame came within 5 seconds, or one that had begun was not there after 30.",
    ),
    row(
        Close::SlowReader,
        "SLOW_READER",
        "What was sent was not read in time. Nothing is lost: come back with the last cursor.",
    ),
    row(Close::ShuttingDown, "SHUTTING_DOWN", "This server goes away; goodbye said when to come back."),
    row(
        Close::HistoryChanged,
        "HISTORY_CHANGED",
        "The store holds another history than before: come back with the last cursor, a reset will say where to go on.",
    ),
    row(
        Close::CoreUnavailable,
        "CORE_UNAVAILABLE",
        "The services behind this server cannot be reached or cannot answer now, or memory is short and a large message was coming \
         (OVERLOADED). The reason may be any that is retryable.",
    ),
    row(Close::Silent, "SILENT", "Nothing was heard from the client for 60 seconds, no pong either."),
    row(
        Close::Flood,
        "RATE_LIMITED",
        "Frames went on coming long after they were refused, or the member or visitor holds too many sockets. Come back later.",
    ),
    row(
        Close::FrameMalformed,
        "FRAME_MALFORMED",
        "A text that is none of the frames, or another frame than hello before the welcome, or a second hello.",
    ),
    row(
        Close::Unauthorized,
        "SESSION_ENDED",
        "The token is good for nothing here: sign in anew. The reason is TOKEN_MISSING, TOKEN_INVALID, SESSION_ENDED or \
         PERMISSION_MISSING; TOKEN_INVALID too where reauth brings a token of another session.",
    ),
    row(Close::CursorInvalid, "CURSOR_INVALID", "The cursor was changed or is another workspace's."),
    row(
        Close::OriginRefused,
        "ORIGIN_REFUSED",
        "The page's origin is not on the list of the workspace the token is for.",
    ),
    row(Close::TooManyPieces, "TOO_MANY_FRAGMENTS", "A message in more than 64 fragments."),
];

impl Close {
    /// The code in the close frame.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// What it is called where no error reason says more.
    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.close == self).map_or("", |row| row.name)
    }
}

/// A close with the reason that is told: the table's own name, or an error reason's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Which.
    pub close: Close,
    /// What the close frame says.
    pub reason: &'static str,
}

impl From<Close> for Ending {
    fn from(close: Close) -> Self {
        Self { close, reason: close.name() }
    }
}

impl Ending {
    /// A close for an error reason.
    #[must_use]
    pub fn because(close: Close, reason: Reason) -> Self {
        Self { close, reason: reason_name(reason) }
    }

    /// How a session ends, or is never opened, where core refuses.
    #[must_use]
    pub fn of(fault: &Fault) -> Self {
        let close = match fault.reason {
            Reason::TokenExpired | Reason::TokenStale => Close::TokenSpent,
            Reason::TokenInvalid
            | Reason::TokenMissing
            | Reason::SessionEnded
            | Reason::PermissionMissing => Close::Unauthorized,
            Reason::CursorInvalid => Close::CursorInvalid,
            Reason::OriginRefused => Close::OriginRefused,
            Reason::FieldInvalid => {
                return match fault.violations.first().map(|violation| &*violation.field) {
                    Some("cursor") => Close::CursorInvalid.into(),
                    Some("origin") => Close::OriginRefused.into(),
                    _ => Self::because(Close::Unauthorized, Reason::TokenInvalid),
                };
            }
            _ => Close::CoreUnavailable,
        };
        Self::because(close, fault.reason)
    }

    /// The close frame.
    #[must_use]
    pub fn frame(self) -> CloseFrame {
        CloseFrame { code: CloseCode::from(self.close.code()), reason: self.reason.into() }
    }
}

/// What is said at `/docs` of the whole socket: an HTML fragment.
#[must_use]
pub fn describe() -> String {
    let mut rows = String::new();
    for row in TABLE {
        let (Row { name, meaning, .. }, code) = (row, row.close.code());
        let back = if (4000..4500).contains(&code) { "yes" } else { "no" };
        // Writing into a text cannot fail.
        let _ = writeln!(
            rows,
            "<tr><td>{code}</td><td><code>{name}</code></td><td>{back}</td><td>{meaning}</td></tr>"
        );
    }
    include_str!("describe.html").replace("<!-- closes -->", rows.trim_end())
}

/// How long the first frame may take.
pub const HELLO: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_table_once_and_may_be_sent() {
        let mut codes: Vec<_> = TABLE.iter().map(|row| row.close.code()).collect();
        codes.dedup();
        assert!(codes.is_sorted() && codes.len() == TABLE.len());
        assert!(codes.iter().all(|code| *code < 1016 || (4000..5000).contains(code)));
        assert!(TABLE.iter().all(|row| row.close.name() == row.name && row.name.len() <= 123));
    }

    #[test]
    fn a_refusal_that_may_be_over_soon_lets_the_client_come_back_and_no_other_does() {
        for reason in [Reason::TokenInvalid, Reason::SessionEnded, Reason::PermissionMissing] {
            assert_eq!(Ending::of(&Fault::new(reason, "")).close.code(), 4501);
        }
        for reason in [Reason::TokenExpired, Reason::TokenStale] {
            assert_eq!(Ending::of(&Fault::new(reason, "")).close.code(), 4401);
        }
        for reason in
            [Reason::StoreUnavailable, Reason::Overloaded, Reason::CoreUnavailable, Reason::Internal]
        {
            let ending = Ending::of(&Fault::new(reason, ""));
            assert_eq!((ending.close.code(), ending.reason), (4412, reason_name(reason)));
        }
    }

    #[test]
    fn the_description_names_every_code_and_every_frame() {
        let text = describe();
        for row in TABLE {
            assert!(text.contains(&format!("<td>{}</td>", row.close.code())), "{}", row.name);
        }
        for message in ["rapport.live.v1.ClientFrame", "rapport.live.v1.ServerFrame"] {
            for field in crate::rpc::json::message(message).expect("it is in the contract").fields() {
                assert!(text.contains(&format!("{{\"{}\":", field.json_name())), "{}", field.name());
            }
        }
    }
}
