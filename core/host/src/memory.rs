//! Whether the process comes near the end of the memory it may use. From three quarters on nothing is begun that takes more of it: new connections
//! are closed, calls refused as overloaded, and a socket in whose large frame something still comes is closed. It is better to send some
//! away, who come back, than to be killed with all of them.
//!
//! How much it may be is set (`limits.memory_mib`), or else the limit of the control group that the process is in, such as a container's.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::json;

use crate::{admin::Readiness, settings::Settings};

/// How often it is looked at: between two looks less comes than the quarter that is left.
const TURN: Duration = Duration::from_millis(20);
const MIB: u64 = 1 << 20;

static IS_SHORT: AtomicBool = AtomicBool::new(false);

/// Whether nothing may be begun that takes memory.
#[must_use]
pub fn is_short() -> bool {
    IS_SHORT.load(Ordering::Relaxed)
}

/// How much memory the process may use, and how it is seen how much it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    limit: u64,
    meter: Meter,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Meter {
    /// What the process itself holds in memory that is no file's.
    Process,
    /// What its control group holds, the sockets' buffers too, without what the kernel takes back: what is cached of files and names.
    Group { usage: PathBuf, stat: PathBuf },
}

impl Budget {
    /// What is set, or the limit of the control group; nothing where there is none.
    pub fn read(settings: &mut Settings) -> Option<Self> {
        match settings.within("limits.memory_mib", 0, 0, 1 << 30) {
            0 => {
                let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
                Self::of_group(Path::new("/sys/fs/cgroup"), &groups)
            }
            mib => Some(Self { limit: u64::from(mib) * MIB, meter: Meter::Process }),
        }
    }

    /// The narrowest limit of the group and of those around it. `groups` is what the kernel says of a process: cgroup(7).
    fn of_group(root: &Path, groups: &str) -> Option<Self> {
        let mut found = Vec::new();
        for line in groups.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
            let (root, [limit, usage]) = match controllers {
                "" => (root.to_owned(), ["memory.max", "memory.current"]),
                "memory" => (root.join("memory"), ["memory.limit_in_bytes", "memory.usage_in_bytes"]),
                _ => continue,
            };
            // Within a container the path may be the host's, which is not to be seen there: its own group is the root then.
            for group in Path::new(path.trim_start_matches('/')).ancestors() {
                let file = |name| root.join(group).join(name);
                // A group without a limit says "max", or a number beyond all memory.
                let Ok(limit) = number(&file(limit)) else { continue };
                if limit < i64::MAX as u64 / 2 {
                    let meter = Meter::Group { usage: file(usage), stat: file("memory.stat") };
                    found.push(Self { limit, meter });
                }
            }
        }
        found.into_iter().min_by_key(|budget| budget.limit)
    }

    fn used(&self) -> io::Result<u64> {
        match &self.meter {
            Meter::Process => {
                let pages = fs::read_to_string("/proc/self/statm")?;
                let mut pages = pages.split(' ').skip(1).map_while(|pages| pages.parse::<u64>().ok());
                let (resident, of_files) =
                    pages.next().zip(pages.next()).ok_or(io::ErrorKind::InvalidData)?;
                Ok(resident.saturating_sub(of_files) * rustix::param::page_size() as u64)
            }
            Meter::Group { usage, stat } => {
                let cached: u64 = fs::read_to_string(stat)?
                    .lines()
                    .filter_map(|line| line.split_once(' '))
                    .filter(|(name, _)| ["active_file", "inactive_file", "slab_reclaimable"].contains(name))
                    .filter_map(|(_, bytes)| bytes.parse::<u64>().ok())
                    .sum();
                Ok(number(usage)?.saturating_sub(cached))
            }
        }
    }

    /// Looks from now on, on a thread of its own: where there is much to do, that is when it matters. `readiness` tells of it; the process is
    /// ready all the same.
    pub fn watch(self, readiness: Readiness) -> io::Result<Readiness> {
        let limit = self.limit;
        tracing::info!(mib = limit / MIB, from = ?self.meter, "the memory there is");
        if self.used().is_ok_and(|used| used > limit / 2) {
            tracing::warn!(
                "half of it is in use at the start already: that is too little, or others use it too"
            );
        }
        thread::Builder::new().name("memory".to_owned()).spawn(move || self.look())?;
        Ok(readiness
            .with_spared("memory", move || async move { (!is_short(), json!({ "limitMib": limit / MIB })) }))
    }

    #[expect(clippy::cast_precision_loss, reason = "no memory has 2^53 bytes")]
    fn look(self) {
        metrics::gauge!("rapport_memory_limit_bytes").set(self.limit as f64);
        let used_gauge = metrics::gauge!("rapport_memory_used_bytes");
        let mut can = true;
        loop {
            match self.used() {
                Ok(used) => {
                    can = true;
                    used_gauge.set(used as f64);
                    self.judge(used);
                }
                Err(error) => {
                    if std::mem::take(&mut can) {
                        tracing::warn!(%error, "how much memory is used cannot be seen");
                    }
                    IS_SHORT.store(false, Ordering::Relaxed);
                }
            }
            thread::sleep(TURN);
        }
    }

    /// Short from three quarters on, and until it is less than eleven sixteenths: an allocator keeps much of what it once had.
    fn judge(&self, used: u64) {
        let was_short = is_short();
        let is_short = used >= if was_short { self.limit / 16 * 11 } else { self.limit / 4 * 3 };
        if is_short != was_short {
            IS_SHORT.store(is_short, Ordering::Relaxed);
            let (used, limit) = (used / MIB, self.limit / MIB);
            if is_short {
                tracing::warn!(used, limit, "memory is short, in MiB: nothing is begun that takes more");
            } else {
                tracing::info!(used, limit, "there is memory again, in MiB");
            }
        }
    }
}

fn number(file: &Path) -> io::Result<u64> {
    fs::read_to_string(file)?.trim().parse().map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (file, text) in files {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }

    #[test]
    fn the_narrowest_limit_around_a_process_counts_and_what_is_cached_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        write(
            root,
            &[
                ("shop/memory.max", "1000\n"),
                ("shop/memory.current", "900\n"),
                (
                    "shop/memory.stat",
                    "anon 200\ninactive_file 300\nactive_file 350\nslab_reclaimable 50\nsock 1\n",
                ),
                ("shop/chat/memory.max", "max\n"),
            ],
        );
        let found = Budget::of_group(root, "0::/shop/chat\n").unwrap();
        assert_eq!((found.limit, found.used().unwrap()), (1000, 200));
        write(root, &[("shop/chat/memory.max", "500\n")]);
        assert_eq!(Budget::of_group(root, "0::/shop/chat\n").unwrap().limit, 500);
        assert_eq!(Budget::of_group(root, "0::/elsewhere\n"), None);
        // A container sees its own group as the root, whatever the path says.
        write(root, &[("memory.max", "700\n")]);
        assert_eq!(Budget::of_group(root, "0::/host/of/it\n").unwrap().limit, 700);
    }

    #[test]
    fn the_first_version_of_groups_is_understood() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        write(
            root,
            &[
                ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ("memory/box/memory.limit_in_bytes", "4096\n"),
                ("memory/box/memory.usage_in_bytes", "100\n"),
                (
                    "memory/box/memory.stat",
                    "cache 60\ninactive_file 40\nactive_file 20\ntotal_active_file 20\n",
                ),
            ],
        );
        let found = Budget::of_group(root, "9:cpu,cpuacct:/\n4:memory:/box\n0::/\n").unwrap();
        assert_eq!((found.limit, found.used().unwrap()), (4096, 40));
        assert_eq!(Budget::of_group(root, "4:memory:/\n"), None);
    }

    #[test]
    fn a_process_sees_what_it_holds_itself() {
        let budget = Budget { limit: MIB, meter: Meter::Process };
        let before = budget.used().unwrap();
        let held = std::hint::black_box(vec![1u8; 32 << 20]);
        let after = budget.used().unwrap();
        assert!(after - before >= 30 * MIB, "{before} {after}");
        drop(held);
    }
}
