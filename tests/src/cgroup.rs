//! A control group of Linux with a limit on memory, for one process. Needs the right to make groups, as root has it; it is removed when dropped.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skip::skipped;

/// The group.
#[derive(Debug)]
pub struct Group {
    folder: PathBuf,
    /// The file that counts how often somebody was killed for want of memory.
    kills: &'static str,
}

impl Group {
    /// Makes one that may hold so many bytes; `None`, with a word of why, where that is not allowed.
    #[must_use]
    pub fn make(bytes: u64) -> Option<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let name = format!("rt{:08x}", rand::random::<u32>());
        let made = if root.join("cgroup.controllers").exists() {
            Self::limited(root.join(name), "memory.max", "memory.events", bytes)
        } else {
            let folder = root.join("memory").join(name);
            Self::limited(folder, "memory.limit_in_bytes", "memory.oom_control", bytes)
        };
        made.inspect_err(|why| skipped(&format!("a control group cannot be made here: {why}"))).ok()
    }

    fn limited(folder: PathBuf, limit: &str, kills: &'static str, bytes: u64) -> io::Result<Self> {
        fs::create_dir(&folder)?;
        let group = Self { folder, kills };
        fs::write(group.folder.join(limit), bytes.to_string())?;
        let words = group.words();
        if Command::new(&words[0]).args(&words[1..]).arg("true").status()?.success() {
            Ok(group)
        } else {
            Err(io::Error::other("nobody may enter it"))
        }
    }

    /// What stands before a program that is to run in it.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let enter = "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"";
        ["sh", "-c", enter]
            .map(str::to_owned)
            .into_iter()
            .chain([self.folder.display().to_string()])
            .collect()
    }

    /// How often somebody in it was killed.
    ///
    /// # Panics
    /// Where the kernel does not say.
    #[must_use]
    pub fn kills(&self) -> u64 {
        let said = fs::read_to_string(self.folder.join(self.kills)).expect("the kernel says");
        let kills = said.lines().find_map(|line| line.strip_prefix("oom_kill ")).expect("kills are counted");
        kills.parse().expect("a number")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Err(why) = fs::remove_dir(&self.folder) {
            eprintln!("{} stays: {why}", self.folder.display());
        }
    }
}
