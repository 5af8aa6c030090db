//! `WatchPresence`: who is there, then each change, until the watcher's authority ends.

use std::sync::Arc;

use rapport_proto::presence::v1::{MemberPresence, WatchPresenceResponse};

use super::{
    board::{Shown, Watching},
    convert::{gone, present},
};
use crate::{
    app::App,
    caller::Caller,
    error::Result,
    layers::trace,
    reader::{self, End, Outgoing, Reader},
};

/// How many members one item names.
const MEMBERS: usize = 500;

/// What the service hands to tonic.
pub(super) type Stream = Outgoing<WatchPresenceResponse>;

/// Waits until it is known who is there and leaves the rest to a task of its own.
pub(super) async fn run(app: &Arc<App>, caller: &Caller) -> Result<Stream> {
    let (reader, stream) = reader::open(app, caller)?;
    let mut watching = app.presence.board.watch(caller.tenant());
    let shown = watching.shown().await?;
    app.tasks.spawn(trace::carry(async move {
        if let Err(end) = tell(&reader, watching, shown).await {
            reader.end(end);
        }
    }));
    Ok(stream)
}

async fn tell(
    reader: &Reader<WatchPresenceResponse>,
    mut watching: Watching,
    mut told: Arc<Shown>,
) -> Result<(), End> {
    let all: Vec<_> = told.iter().map(|(id, seen)| present(*id, seen)).collect();
    let mut parts = all.chunks(MEMBERS).peekable();
    loop {
        let members = parts.next().unwrap_or_default().to_vec();
        let snapshot_end = parts.peek().is_none();
        reader.post(WatchPresenceResponse { members, snapshot_end }).await?;
        if snapshot_end {
            break;
        }
    }
    loop {
        // What has changed while the reader took the last item is told as it is now.
        let shown = watching.shown().await?;
        for some in changes(&told, &shown).chunks(MEMBERS) {
            let item = WatchPresenceResponse { members: some.to_vec(), snapshot_end: false };
            reader.post(item).await?;
        }
        told = shown;
        tokio::select! {
            biased;
            end = reader.over() => return Err(end),
            () = watching.changed() => {}
        }
    }
}

/// Who is shown otherwise now.
fn changes(before: &Shown, after: &Shown) -> Vec<MemberPresence> {
    let left = before.iter().filter(|(id, _)| !after.contains_key(*id)).map(|(id, seen)| gone(*id, seen));
    let new = after.iter().filter(|(id, seen)| before.get(*id) != Some(*seen));
    left.chain(new.map(|(id, seen)| present(*id, seen))).collect()
}

#[cfg(test)]
mod tests {
    use rapport_proto::presence::v1::PresenceStatus::{self, Away, Busy, Offline, Online};
    use uuid::Uuid;

    use super::{super::board::Seen, *};

    fn shown(members: &[(u128, PresenceStatus)]) -> Shown {
        let seen = |status| Seen { name: "Ada".to_owned(), role: 3, status, since: 1_000_000 };
        members.iter().map(|(id, status)| (Uuid::from_u128(*id).into(), seen(*status))).collect()
    }

    #[test]
    fn what_is_told_is_who_came_left_or_is_shown_otherwise() {
        let before = shown(&[(1, Online), (2, Online), (3, Away)]);
        let after = shown(&[(2, Busy), (3, Away), (4, Online)]);
        let told: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|member| (member.member_id.clone(), member.status(), member.since.is_some()))
            .collect();
        let id = |n| crate::ids::MemberId::from(Uuid::from_u128(n)).to_string();
        assert_eq!(told, [(id(1), Offline, false), (id(2), Busy, true), (id(4), Online, true)]);
        assert!(changes(&after, &after).is_empty());
    }
}
