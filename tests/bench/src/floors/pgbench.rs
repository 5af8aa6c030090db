//! L3: pgbench with the statements of one message, written by hand; and with the smallest commit there is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{postgres::Database, sqlite::Template};
use crate::{Fallible, load::TEXT, rounds::Work, world::CHATS};

/// How a floor numbers: by the ends of log and chat under the tenant's lock, or by rows that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// Read the end under a lock that is held to the commit.
    LogEnd,
    /// A row for the log and one for each chat, changed by every message.
    Counters,
}

const LOG_END: &str = include_str!("../../sql/send_log_end.sql");
const COUNTERS: &str = include_str!("../../sql/send_counters.sql");
const COMMIT: &str = include_str!("../../sql/commit.sql");

/// A script for pgbench.
#[derive(Debug)]
pub(crate) struct Script(PathBuf);

impl Script {
    /// One message a transaction, an event as large as core's.
    pub(crate) fn send(dir: &Path, numbering: Numbering, event: &Template) -> Fallible<Self> {
        let (name, text) = match numbering {
            Numbering::LogEnd => ("send_log_end.sql", LOG_END),
            Numbering::Counters => ("send_counters.sql", COUNTERS),
        };
        let text = text
            .replace("{chats}", &(CHATS - 1).to_string())
            .replace("{text}", &TEXT.to_string())
            .replace("{kind}", &event.kind.to_string())
            .replace("{audience}", &event.audience.len().to_string())
            .replace("{payload}", &event.payload.len().to_string());
        // What begins with two dashes is for the reader; pgbench would send it along.
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("--")).collect();
        Self::write(dir, name, &kept.join("\n"))
    }

    /// One row of eight bytes a transaction.
    pub(crate) fn commit(dir: &Path) -> Fallible<Self> {
        Self::write(dir, "commit.sql", COMMIT)
    }

    fn write(dir: &Path, name: &str, text: &str) -> Fallible<Self> {
        let path = dir.join(name);
        fs::write(&path, text)?;
        Ok(Self(path))
    }

    /// Runs it; the children's time is this process's once they have ended.
    pub(crate) fn run(&self, database: &Database, clients: u32, span: Duration) -> Fallible<Work> {
        let output = Command::new("pgbench")
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1"])
            .arg(format!("--client={clients}"))
            .arg(format!("--time={}", span.as_secs().max(1)))
            .arg("--file")
            .arg(&self.0)
            .arg(database.url())
            .output()
            .map_err(|error| format!("pgbench does not start: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let number = |name: &str| -> Option<f64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches([':', '=', ' ']).split([' ', '/']).next()?.parse().ok()
        };
        let done = number("number of transactions actually processed").ok_or("pgbench says no count")?;
        let rate = number("tps").ok_or("pgbench says no rate")?;
        let failed = number("number of failed transactions").unwrap_or(0.0);
        Ok(Work {
            done: count(done),
            failed: count(failed),
            took: Duration::from_secs_f64(done / rate),
            micros: Vec::new(),
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count that was printed as one"
)]
fn count(number: f64) -> u64 {
    number as u64
}
