//! What is not tried on this machine.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Says that something is not tried here, and why: in the test's own output, which is shown where it fails, and in the file that
/// `RAPPORT_TEST_SKIPPED` names.
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
    if let Some(file) = std::env::var_os("RAPPORT_TEST_SKIPPED") {
        let mut file =
            OpenOptions::new().append(true).create(true).open(file).expect("the file can be written");
        writeln!(file, "{}", why.trim().replace('\n', " ")).expect("the file can be written");
    }
}
