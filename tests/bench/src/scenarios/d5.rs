//! D5: 200 streams of gRPC `Subscribe` on 4 connections, of 8 members who hear every chat; 64 visitors send over sockets, as many
//! messages as go with 256 under way. A message is under way until all 200 streams have it. Floor: L8, a tonic service that streams one of
//! the events of ours again and again to as many streams: it stores nothing, waits for nothing and has no order to keep.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use rapport_proto::chats::v1::{SendMessageRequest, chat_service_client::ChatServiceClient};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::{Streaming, transport::Channel};

use super::{beside, check};
use crate::{
    Bench, Fallible,
    board::Board,
    crowd::Crowd,
    floors::Floor,
    grpc::{bearing, connect, follow},
    load::{Chance, TEXT},
    machine::Watched,
    processors::{Duty, Pinned},
    report::{Bound, Outcome},
    rounds::{Work, interleave, timed_since},
    servers::Server,
    sockets::{Door, number, numbered},
    world::{self, Chat, World},
};

/// How many streams there are, and on how many connections.
const STREAMS: usize = 200;
const CHANNELS: usize = 4;
/// Whose they are; one caller may have 32.
const MEMBERS: usize = 8;
/// How many speak, each in a chat of its own.
const SPEAKERS: usize = 64;
/// How many messages are under way.
const WINDOW: usize = 256;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let (world, members) = bench.runtime.block_on(async {
        let world = World::make(dir.path(), world::sqlite(dir.path()), SPEAKERS).await?;
        let members = world.members(MEMBERS).await?;
        world.leave(dir.path()).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((world, members))
    })?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let ours = Server::rapport(dir.path())?;
    let (mut crowd, model) = calls.block_on(gather(&ours, &world, &members))?;
    let file = dir.path().join("event");
    std::fs::write(&file, &model)?;
    let floor = Server::floor(Floor::Stream, Some(&file))?;
    let channels = calls.block_on(connect(floor.place("edge")?, CHANNELS))?;
    let rounds = interleave(
        bench,
        Watched { ours: Some(ours.pid()), floor: Some(floor.pid()), ..Watched::default() },
        |span| calls.block_on(crowd.at_most_under_way(WINDOW, span)),
        |span, _| calls.block_on(read(&channels, &model, span)),
    )?;
    let sent = crowd.sent() + 1;
    drop((crowd, channels, calls, floor));
    ours.stop()?;
    let title =
        format!("events to {STREAMS} streams of gRPC, as many as go / a tonic stream of one of them (L8)");
    let mut outcome = Outcome::of_rates("D5", &title, rounds, Bound::at_least(0.6, 0.9));
    outcome.conditions = vec![
        format!(
            "{STREAMS} streams of {MEMBERS} members on {CHANNELS} connections; {SPEAKERS} visitors, {WINDOW} messages under way"
        ),
        format!("text {TEXT} B, answer {} B; an operation is one answer read; SQLite", model.len()),
        "a server has one processor, its callers the other; ours stores each message before it is heard"
            .to_owned(),
    ];
    outcome.faults = check::sqlite_holding(&dir.path().join("rapport.db"), sent)?;
    Ok(vec![outcome])
}

/// Those who speak and the streams that hear them, and an event as a stream brings it.
async fn gather(server: &Server, world: &World, members: &[String]) -> Fallible<(Crowd, Bytes)> {
    let speakers = (0..SPEAKERS).map(|group| world.seat(group)).collect();
    let mut crowd = Crowd::of_speakers(Door::Ours(server.place("edge")?), speakers, STREAMS).await?;
    let channels = connect(server.place("grpc")?, CHANNELS).await?;
    let model = event(&channels[0], &members[0], &world.chats[0]).await?;
    for (channel, token) in channels.iter().cycle().zip(members.iter().cycle()).take(STREAMS) {
        let stream = follow(channel.clone(), token).await?;
        crowd.hear_by(|board| hear(stream, board));
    }
    Ok((crowd, model))
}

/// Sends a message and gives the answer in which a stream tells of it.
async fn event(channel: &Channel, member: &str, chat: &Chat) -> Fallible<Bytes> {
    let mut stream = follow(channel.clone(), member).await?;
    let message = SendMessageRequest {
        chat_id: chat.id.clone(),
        request_id: Chance::new(0).id().to_string(),
        text: numbered(0),
        internal: false,
    };
    ChatServiceClient::new(channel.clone()).send_message(bearing(message, &chat.token)?).await?;
    loop {
        let answer = stream.message().await?.ok_or("a stream ended")?;
        if number(&answer).is_some() {
            return Ok(answer);
        }
    }
}

/// Notes every message; one that comes out of its speaker's order ends it.
async fn hear(mut stream: Streaming<Bytes>, board: Arc<Board>) -> Fallible {
    let mut latest = [None; SPEAKERS];
    while let Some(answer) = stream.message().await? {
        if let Some(number) = number(&answer) {
            // A crowd lets its speakers speak by turns.
            let latest = &mut latest[number % SPEAKERS];
            if latest.replace(number) >= Some(number) {
                return Err(format!("message {number} came after {latest:?}").into());
            }
            board.note(number)?;
        }
    }
    Err("a stream ended".into())
}

/// Opens the floor's streams, reads from all of them, and counts while all are open.
async fn read(channels: &[Channel], model: &Bytes, span: Duration) -> Fallible<Work> {
    let (open, read) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut reading = JoinSet::new();
    for channel in channels.iter().cycle().take(STREAMS) {
        let (channel, model) = (channel.clone(), model.clone());
        let (open, read) = (Arc::clone(&open), Arc::clone(&read));
        // Each at once: what a stream brings that nobody reads would take the room of the others.
        reading.spawn(async move {
            let mut stream = follow(channel, "").await?;
            open.add_permits(1);
            while stream.message().await? == Some(model.clone()) {
                read.fetch_add(1, Ordering::Relaxed);
            }
            Err::<Work, Box<dyn std::error::Error + Send + Sync>>("the floor says something else".into())
        });
    }
    let counted = async {
        open.acquire_many(u32::try_from(STREAMS)?).await?.forget();
        let (begun, before) = (Instant::now(), read.load(Ordering::Relaxed));
        tokio::time::sleep(span).await;
        timed_since(begun, read.load(Ordering::Relaxed) - before)
    };
    tokio::select! {
        counted = counted => counted,
        Some(ended) = reading.join_next() => ended?,
    }
}
