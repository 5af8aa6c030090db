//! An installation of several programs: two cores on one `PostgreSQL`, two edges before both, and the Redis they share.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::Path,
};

use rapport_core::keys::MasterKey;

use crate::{
    Fallible, floors::postgres::Database, machine::Watched, pages::Counters, servers::Server, sockets::Door,
};

/// Names the address of the Redis.
const REDIS_URL: &str = "RAPPORT_TEST_REDIS";
/// What edges prove themselves with; nothing here is worth hiding.
const EDGE_KEY: [u8; 32] = *b"what a bench's edges are called_";

/// The programs.
#[derive(Debug)]
pub(crate) struct Nodes {
    // Ended first: edges live on cores.
    edges: [Server; 2],
    cores: [Server; 2],
    redis: u32,
}

impl Nodes {
    /// Starts them on a store that was left in this folder, and waits until all are ready.
    pub(crate) async fn start(dir: &Path, database: &Database) -> Fallible<Self> {
        let redis = std::env::var(REDIS_URL)
            .map_err(|_| format!("{REDIS_URL} names no Redis: run tests/bench/run"))?;
        let pid = redis_pid(&redis)?;
        let (master, key) = (dir.join("master.key"), dir.join("edge.key"));
        MasterKey::create(&key, EDGE_KEY)?;
        let [master, key] = [&master, &key].map(|file| file.to_string_lossy());
        let core = |name: &str| {
            let settings = [
                ("DATABASE_URL", database.url()),
                ("MASTER_KEY_FILE", &master),
                ("EDGE_KEY_FILE", &key),
                ("REDIS__URL", &redis),
            ];
            Server::core(&dir.join(name), &settings)
        };
        let cores = [core("core-0")?, core("core-1")?];
        let [first, second] = [cores[0].place("internal")?, cores[1].place("internal")?];
        let cores_at = format!("http://{first},http://{second}");
        let settings = [("CORE_URLS", &*cores_at), ("EDGE_KEY_FILE", &key), ("REDIS__URL", &redis)];
        let nodes = Self { edges: [Server::edge(&settings)?, Server::edge(&settings)?], cores, redis: pid };
        for node in nodes.cores.iter().chain(&nodes.edges) {
            node.ready().await?;
        }
        Ok(nodes)
    }

    /// Where sockets are opened at each of the edges.
    pub(crate) fn doors(&self) -> Fallible<[Door; 2]> {
        Ok([Door::Ours(self.edges[0].place("edge")?), Door::Ours(self.edges[1].place("edge")?)])
    }

    /// All of them, the database and Redis as one side.
    pub(crate) fn watched(&self, database: &Database) -> Fallible<Watched> {
        let [first, second] = &self.edges;
        let others = [second.pid(), self.cores[0].pid(), self.cores[1].pid(), self.redis].map(Some);
        let [a, b, c, d] = others;
        Ok(Watched {
            ours: Some(first.pid()),
            with_ours: [a, b, c, d, database.watched()?.postmaster],
            ..Watched::default()
        })
    }

    /// How many messages each core has stored, and how many hints it has heard over Redis.
    pub(crate) async fn counted(&self) -> Fallible<[(f64, f64); 2]> {
        let mut counted = [(0.0, 0.0); 2];
        for (counted, core) in counted.iter_mut().zip(&self.cores) {
            let counters = Counters::read(core.place("admin")?).await?;
            *counted = (
                counters.sum("rapport_calls_total{", "ChatService/SendMessage"),
                counters.sum("rapport_bus_received_total", ""),
            );
        }
        Ok(counted)
    }

    /// Asks all of them to go and waits.
    pub(crate) fn stop(self) -> Fallible {
        self.edges.into_iter().chain(self.cores).try_for_each(Server::stop)
    }
}

/// The process of a Redis on this machine, which must answer.
fn redis_pid(url: &str) -> Fallible<u32> {
    let place =
        url.strip_prefix("redis://").ok_or_else(|| format!("{REDIS_URL} is no address of a Redis"))?;
    let mut stream = TcpStream::connect(place)?;
    stream.write_all(b"INFO server\r\nQUIT\r\n")?;
    for line in BufReader::new(stream).lines() {
        if let Some(pid) = line?.strip_prefix("process_id:") {
            return Ok(pid.parse()?);
        }
    }
    Err(format!("what {REDIS_URL} names is no Redis").into())
}
