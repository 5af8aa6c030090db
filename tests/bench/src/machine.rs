//! What was measured on, and what the processors did meanwhile.

use std::{fmt, fs, path::Path, process::Command};

use serde::Serialize;

use crate::Fallible;

/// The facts that a figure means nothing without.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    commit: String,
    processor: String,
    processors: usize,
    kernel: String,
    memory_mib: u64,
    disk: String,
    build: &'static str,
    sqlite: &'static str,
}

impl Machine {
    /// Looks around; `dir` is where the databases will lie.
    pub(crate) fn look(dir: &Path) -> Fallible<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
        let memory = field_kib(&fs::read_to_string("/proc/meminfo")?, "MemTotal:").unwrap_or(0);
        Ok(Self {
            commit: commit(),
            processor: after_colon(&cpuinfo, "model name").unwrap_or("unknown").to_owned(),
            processors: std::thread::available_parallelism()?.get(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            memory_mib: memory / 1024,
            disk: disk(&fs::read_to_string("/proc/mounts")?, dir),
            build: if cfg!(debug_assertions) { "debug: figures mean nothing" } else { "release" },
            sqlite: rusqlite::version(),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "commit {}, {} build", self.commit, self.build)?;
        write!(
            f,
            "{} x {}, {} MiB, Linux {}, {}, SQLite {}",
            self.processors, self.processor, self.memory_mib, self.kernel, self.disk, self.sqlite
        )
    }
}

fn commit() -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".to_owned() };
    let changed = git(&["status", "--porcelain"]).is_some_and(|status| !status.trim().is_empty());
    format!("{}{}", commit.trim(), if changed { " with changes" } else { "" })
}

fn after_colon<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn disk(mounts: &str, dir: &Path) -> String {
    // The longest mount point above the folder is the one it is on.
    let mut found = ("", "unknown disk".to_owned());
    for line in mounts.lines() {
        let mut parts = line.split(' ');
        if let (Some(device), Some(point), Some(kind)) = (parts.next(), parts.next(), parts.next())
            && dir.starts_with(point)
            && point.len() >= found.0.len()
        {
            found = (point, format!("{kind} on {device}"));
        }
    }
    found.1
}

/// A line such as `VmRSS:   123 kB`.
fn field_kib(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// The memory a process has resident.
pub(crate) fn resident_kib(pid: u32) -> Fallible<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(field_kib(&status, "VmRSS:").ok_or("a process without VmRSS")?)
}

/// The processes whose time is counted: this one with the children it waited for, a `PostgreSQL` server with its backends, and
/// programs that are measured from outside.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Watched {
    /// The server's first process.
    pub(crate) postmaster: Option<u32>,
    /// Our side, where it is a process of its own; this process only calls then.
    pub(crate) ours: Option<u32>,
    /// The floor, likewise.
    pub(crate) floor: Option<u32>,
    /// Others whose time is counted to our side: it is several programs then.
    pub(crate) with_ours: [Option<u32>; 5],
}

/// One side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The product.
    Ours,
    /// The hand-written one.
    Floor,
}

/// Where the processors' time went up to now, in ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticks {
    total: u64,
    busy: u64,
    stolen: u64,
    here: u64,
    ours: Option<u64>,
    floor: Option<u64>,
}

/// Where it went between two moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    ours: f64,
    floor: f64,
    /// The share of all processors' time that the hypervisor gave to others.
    pub(crate) stolen: f64,
    /// The share of all processors' time that processes not watched took.
    pub(crate) others: f64,
}

impl Spent {
    /// What a side took, in microseconds: its process, where it has one of its own, or else this one and the database.
    pub(crate) fn of(&self, side: Side) -> f64 {
        match side {
            Side::Ours => self.ours,
            Side::Floor => self.floor,
        }
    }
}

impl Ticks {
    /// Reads the counters.
    pub(crate) fn read(watched: Watched) -> Fallible<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().ok_or("/proc/stat is empty")?;
        // user nice system idle iowait irq softirq steal
        let parts: Vec<u64> =
            line.split_whitespace().skip(1).take(8).map(str::parse).collect::<Result<_, _>>()?;
        let [user, nice, system, idle, iowait, irq, softirq, stolen] = parts[..] else {
            return Err("/proc/stat has another form".into());
        };
        let own = Process::read(std::process::id())?;
        let database = watched.postmaster.map(tree).transpose()?.unwrap_or(0);
        Ok(Self {
            total: user + nice + system + idle + iowait + irq + softirq + stolen,
            busy: user + nice + system + irq + softirq,
            stolen,
            here: own.own + own.waited + database,
            ours: watched.ours.map(|first| trees(first, watched.with_ours)).transpose()?,
            floor: watched.floor.map(tree).transpose()?,
        })
    }

    /// What was spent from here to `later`.
    pub(crate) fn until(self, later: Self) -> Spent {
        let share = |ticks: u64| float(ticks) / float((later.total - self.total).max(1));
        let second = float(rustix::param::clock_ticks_per_second());
        let micros = |ticks: u64| float(ticks) * 1e6 / second;
        let between = |before: Option<u64>, after: Option<u64>| Some(after?.saturating_sub(before?));
        let here = later.here.saturating_sub(self.here);
        let (ours, floor) = (between(self.ours, later.ours), between(self.floor, later.floor));
        let watched = here + ours.unwrap_or(0) + floor.unwrap_or(0);
        Spent {
            ours: micros(ours.unwrap_or(here)),
            floor: micros(floor.unwrap_or(here)),
            stolen: share(later.stolen - self.stolen),
            others: share((later.busy - self.busy).saturating_sub(watched)),
        }
    }
}

/// What several processes and their children took.
fn trees(first: u32, others: [Option<u32>; 5]) -> Fallible<u64> {
    others.into_iter().flatten().try_fold(tree(first)?, |ticks, pid| Ok(ticks + tree(pid)?))
}

/// What a process and its children took.
fn tree(pid: u32) -> Fallible<u64> {
    let first = Process::read(pid)?;
    Ok(first.own + first.waited + children(pid)?.map(|child| child.own).sum::<u64>())
}

/// A process as `/proc/<pid>/stat` has it.
struct Process {
    parent: u32,
    own: u64,
    /// Of children that have ended.
    waited: u64,
}

impl Process {
    fn read(pid: u32) -> Fallible<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name before the last bracket may hold anything.
        let (_, rest) = text.rsplit_once(')').ok_or("/proc/<pid>/stat has another form")?;
        let parts: Vec<&str> = rest.split_whitespace().collect();
        let number = |place: usize| parts.get(place).and_then(|part| part.parse::<u64>().ok()).unwrap_or(0);
        Ok(Self {
            parent: u32::try_from(number(1))?,
            own: number(11) + number(12),
            waited: number(13) + number(14),
        })
    }
}

fn children(parent: u32) -> Fallible<impl Iterator<Item = Process>> {
    let pids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // One that ended while we looked is in its parent's count from now on.
    Ok(pids.filter_map(|pid| Process::read(pid).ok()).filter(move |process| process.parent == parent))
}

/// The parent of a process.
pub(crate) fn parent_of(pid: u32) -> Fallible<u32> {
    Ok(Process::read(pid)?.parent)
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
