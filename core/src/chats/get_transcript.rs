//! `GetTranscript`: a chat as text for people.

use std::{fmt::Write as _, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use rapport_proto::{
    chats::v1::{self as pb, SenderKind},
    google::api::HttpBody,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::{
    entity::message,
    list_messages,
    view::{self, ChatView, Side},
};
use crate::{app::App, caller::Caller, db::TenantRead, error::Result, tenants};

/// How much text a transcript has at most, and one message more.
const MOST: usize = 2 * 1024 * 1024;
/// How many messages are read at a time.
const AT_A_TIME: u64 = 200;

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::GetTranscriptRequest,
) -> Result<pb::GetTranscriptResponse> {
    let chat = view::visible(app, caller, req.chat_id.parse()?).await?;
    let read = app.db.read(&caller.scope);
    let tenant = tenants::show_tenant(read).await?;
    let zone = TimeZone::get(&tenant.time_zone).unwrap_or(TimeZone::UTC);
    let (messages, is_whole) = newest(read, &chat, Side::of(caller)).await?;
    let mut text = format!("{}\nChat {}\n", tenant.name, chat.chat_id);
    let _ = writeln!(text, "Started {}", moment(chat.created_at, &zone));
    if let Some(closed_at) = chat.closed_at {
        let _ = writeln!(text, "Closed {}", moment(closed_at, &zone));
    }
    if !is_whole {
        text.push_str("Older messages are left out.\n");
    }
    let messages = list_messages::named(read, &chat, messages).await?;
    for message in &messages {
        line(&mut text, message, &zone);
    }
    let body = HttpBody {
        content_type: "text/plain; charset=utf-8".to_owned(),
        data: text.into_bytes(),
        extensions: Vec::new(),
    };
    Ok(pb::GetTranscriptResponse { body: Some(body) })
}

/// The newest messages in ascending order, and whether they are all.
async fn newest(read: TenantRead<'_>, chat: &ChatView, side: Side) -> Result<(Vec<message::Model>, bool)> {
    let mut found: Vec<message::Model> = Vec::new();
    let mut bytes = 0;
    let is_whole = loop {
        let below = found.last().map_or(i32::MAX, |oldest| oldest.seq);
        let mut select = message::Entity::find()
            .filter(message::Column::ChatId.eq(chat.chat_id))
            .filter(message::Column::Seq.lt(below))
            .order_by_desc(message::Column::Seq)
            .limit(AT_A_TIME);
        if side == Side::Customer {
            select = select.filter(message::Column::Internal.eq(false));
        }
        let page = read.all(select).await?;
        let is_last = u64::try_from(page.len()).is_ok_and(|len| len < AT_A_TIME);
        bytes += page.iter().map(|row| row.text.len()).sum::<usize>();
        found.extend(page);
        if is_last || bytes > MOST {
            break is_last;
        }
    };
    found.reverse();
    Ok((found, is_whole))
}

fn line(text: &mut String, message: &pb::Message, zone: &TimeZone) {
    let sender = message.sender.clone().unwrap_or_default();
    let name = match sender.name.as_str() {
        "" if sender.kind() == SenderKind::Customer => "Customer",
        "" => "Staff",
        name => name,
    };
    let note = if message.internal { " (internal note)" } else { "" };
    let at = message.sent_at.map_or(0, |at| at.seconds * 1_000_000);
    let _ = writeln!(text, "\n[{}] {name}{note}", moment(at, zone));
    text.push_str(&message.text);
    text.push('\n');
}

/// A moment in microseconds, as people of a time zone write it.
fn moment(micros: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(micros).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}
