//! L1: as many bytes as one commit writes, and a flush, again and again: what the disk lets nobody avoid.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, Instant},
};

use crate::{Fallible, rounds::Work};

/// How large the file is: a write-ahead log between two checkpoints, which is written over again and again.
const SIZE: u64 = 8_000 * (4_096 + 24);

/// A file to write to.
#[derive(Debug)]
pub(crate) struct Disk {
    file: File,
    block: Vec<u8>,
    at: u64,
}

impl Disk {
    /// A file that is as large as it will ever be, so that a flush writes data alone.
    pub(crate) fn make(path: &Path, bytes_of_a_commit: usize) -> Fallible<Self> {
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(path)?;
        let filling = vec![0x5a; 1 << 20];
        for at in (0..SIZE).step_by(filling.len()) {
            file.write_all_at(&filling, at)?;
        }
        file.sync_all()?;
        Ok(Self { file, block: vec![0xa5; bytes_of_a_commit], at: 0 })
    }

    /// Writes and flushes until the time is over.
    pub(crate) fn run(&mut self, span: Duration) -> Fallible<Work> {
        let begun = Instant::now();
        let mut micros = Vec::new();
        while begun.elapsed() < span {
            if self.at + u64::try_from(self.block.len())? > SIZE {
                self.at = 0;
            }
            let once = Instant::now();
            self.file.write_all_at(&self.block, self.at)?;
            self.file.sync_data()?;
            micros.push(u32::try_from(once.elapsed().as_micros())?);
            self.at += u64::try_from(self.block.len())?;
        }
        Ok(Work { done: u64::try_from(micros.len())?, took: begun.elapsed(), micros, failed: 0 })
    }
}
