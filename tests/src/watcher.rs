//! What one member is told of who is there.

use std::collections::BTreeMap;

use rapport_client::Error;
use rapport_proto::presence::v1::presence_service_client::PresenceServiceClient;
use rapport_proto::presence::v1::{
    MemberPresence, PresenceStatus, WatchPresenceRequest, WatchPresenceResponse,
};
use tonic::Streaming;

use crate::actors::Staff;
use crate::raw::Raw;
use crate::wait::{PATIENCE, soon};

/// A stream of `WatchPresence`, read as far as was asked for.
#[derive(Debug)]
pub struct Watcher {
    stream: Streaming<WatchPresenceResponse>,
    shown: BTreeMap<String, MemberPresence>,
    /// Member and status of everything told after the snapshot.
    pub told: Vec<(String, PresenceStatus)>,
}

impl Watcher {
    /// Begins to watch and reads the snapshot.
    pub async fn start(raw: &Raw) -> Result<Self, Error> {
        let mut client = PresenceServiceClient::new(raw.channel());
        let stream = client.watch_presence(raw.request(WatchPresenceRequest {})).await?.into_inner();
        let mut watcher = Self { stream, shown: BTreeMap::new(), told: Vec::new() };
        loop {
            let item = watcher.next().await?;
            assert!(item.members.iter().all(|member| member.status() != PresenceStatus::Offline));
            watcher.take(item.members);
            if item.snapshot_end {
                return Ok(watcher);
            }
        }
    }

    async fn next(&mut self) -> Result<WatchPresenceResponse, Error> {
        match soon("something is told", PATIENCE, self.stream.message()).await {
            Ok(Some(item)) => Ok(item),
            Ok(None) => panic!("a stream that ends says why"),
            Err(status) => Err(status.into()),
        }
    }

    fn take(&mut self, members: Vec<MemberPresence>) {
        for member in members {
            assert_eq!(member.since.is_none(), member.status() == PresenceStatus::Offline, "{member:?}");
            if member.status() == PresenceStatus::Offline {
                assert!(
                    self.shown.remove(&member.member_id).is_some(),
                    "told as gone, never as there: {member:?}"
                );
            } else {
                self.shown.insert(member.member_id.clone(), member);
            }
        }
    }

    /// How a member is shown by what was read so far.
    #[must_use]
    pub fn status(&self, member: &Staff) -> PresenceStatus {
        self.shown.get(member.member_id()).map_or(PresenceStatus::Offline, MemberPresence::status)
    }

    /// What was told last of a member who is there.
    #[must_use]
    pub fn seen(&self, member: &Staff) -> Option<&MemberPresence> {
        self.shown.get(member.member_id())
    }

    /// Reads until a member is shown so.
    pub async fn sees(&mut self, member: &Staff, status: PresenceStatus) {
        while self.status(member) != status {
            let item = self.next().await.expect("the stream goes on");
            assert!(!item.snapshot_end && !item.members.is_empty(), "{item:?}");
            self.told.extend(item.members.iter().map(|told| (told.member_id.clone(), told.status())));
            self.take(item.members);
        }
    }

    /// What was told of a member after the snapshot.
    #[must_use]
    pub fn told_of(&self, member: &Staff) -> Vec<PresenceStatus> {
        self.told.iter().filter(|(id, _)| id == member.member_id()).map(|(_, status)| *status).collect()
    }

    /// Reads until the stream ends.
    pub async fn end(&mut self) -> Error {
        loop {
            if let Err(error) = self.next().await {
                return error;
            }
        }
    }
}
