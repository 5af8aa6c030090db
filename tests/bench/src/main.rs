//! The speed of Rapport as ratios: each scenario runs a hand-written floor and our own code in turns, on the same machine,
//! in the same minutes, over the same rows. Absolute figures are printed; only ratios are judged.
//!
//! - [`scenarios`]: one file each. [`floors`]: what they are measured against.
//! - [`world`]: a core with a workspace and chats in it. [`load`]: callers that send. [`store`], [`fill`]: large stores of either engine,
//!   [`asked`]: what one caller is answered there.
//! - [`soak`]: traffic of every kind at once, [`trend`]: whether something grows meanwhile.
//! - [`servers`]: programs measured from outside, [`nodes`]: several of them, [`processors`]: where they run; [`sockets`], [`crowd`], [`pages`], [`grpc`]: who calls
//!   them; [`board`]: what becomes of what they send.
//! - [`rounds`]: the turns, and what they cost. [`machine`]: what was measured on. [`report`]: medians, verdicts, files.
//!
//! `tests/bench/run` builds it, finds `PostgreSQL` and starts it.

use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum as _};
use tokio::runtime::Runtime;

mod asked;
mod board;
mod crowd;
mod fill;
mod floors;
mod grpc;
mod load;
mod machine;
mod nodes;
mod pages;
mod processors;
mod report;
mod rounds;
mod scenarios;
mod servers;
mod soak;
mod sockets;
mod store;
mod trend;
mod world;

use floors::Floor;
use report::say;
use scenarios::Scenario;

/// The allocator of the product, so that both sides have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What goes wrong here is told and ends the scenario; nothing is decided by its kind.
type Fallible<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Measures Rapport against its floors.
#[derive(Debug, Parser)]
#[command(name = "rapport-bench", version)]
struct Args {
    /// The gate of every build: S1, S4, C1 and D3 only, 3 rounds of 3 s, with wider bounds where others use the machine.
    #[arg(long)]
    short: bool,
    /// How many turns each side has.
    #[arg(long)]
    rounds: Option<usize>,
    /// How many seconds a turn takes.
    #[arg(long)]
    seconds: Option<u64>,
    /// How many seconds to wait, in all of a scenario, for others on this machine to be quiet before a round.
    #[arg(long, default_value_t = 0)]
    wait: u64,
    /// How many messages the largest store of GROWTH holds.
    #[arg(long, default_value_t = 1_000_000)]
    most: u64,
    /// Where databases and results lie; on the disk that is to be measured.
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,
    /// Serve as a floor instead: what the bench starts beside itself.
    #[arg(long, hide = true)]
    floor: Option<Floor>,
    /// What the floor serves.
    #[arg(long, hide = true)]
    file: Option<PathBuf>,
    /// The scenarios to run; all of them where none is named.
    scenarios: Vec<Scenario>,
}

/// What every scenario is given.
#[derive(Debug)]
struct Bench {
    runtime: Runtime,
    /// Whether only what is gated is wanted.
    short: bool,
    rounds: usize,
    span: Duration,
    /// How long a scenario may wait for a quiet machine.
    wait: Duration,
    /// How long one thing is watched that has no turns.
    watch: Duration,
    /// How long a steady load is kept up.
    steady: Duration,
    /// How long something is to last that shows what time does, where it was said.
    seconds: Option<Duration>,
    /// How large the largest store is.
    most: u64,
    dir: PathBuf,
    machine: machine::Machine,
}

impl Bench {
    /// How long something lasts that shows what time does.
    fn for_long(&self, usual: Duration) -> Duration {
        self.seconds.unwrap_or(usual)
    }

    /// A folder for one scenario's stores, gone with the value.
    fn folder(&self) -> Fallible<tempfile::TempDir> {
        Ok(tempfile::TempDir::with_prefix_in("store-", &self.dir)?)
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(format_args!("rapport-bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for; whether every gate was kept.
fn run(args: &Args) -> Fallible<bool> {
    rapport_host::telemetry::start_logs(
        "rapport-bench",
        "warn",
        rapport_host::telemetry::LogForm::Text,
        None,
    )?;
    let runtime = Runtime::new()?;
    open_more_files()?;
    if let Some(floor) = args.floor {
        return runtime.block_on(floors::serve(floor, args.file.as_deref())).map(|()| true);
    }
    keep_counting(&runtime)?;
    std::fs::create_dir_all(&args.dir)?;
    let dir = args.dir.canonicalize()?;
    let bench = Bench {
        short: args.short,
        rounds: args.rounds.unwrap_or(if args.short { 3 } else { 5 }),
        span: Duration::from_secs(args.seconds.unwrap_or(if args.short { 3 } else { 10 })),
        wait: Duration::from_secs(args.wait),
        watch: Duration::from_secs(if args.short { 15 } else { 60 }),
        steady: Duration::from_secs(args.seconds.unwrap_or(300)),
        seconds: args.seconds.map(Duration::from_secs),
        most: args.most,
        machine: machine::Machine::look(&dir)?,
        dir,
        runtime,
    };
    say(&bench.machine);
    let asked = match (&args.scenarios[..], args.short) {
        ([], true) => vec![Scenario::S1, Scenario::S4, Scenario::C1, Scenario::D3],
        ([], false) => Scenario::value_variants().iter().copied().filter(|one| one.is_usual()).collect(),
        (named, _) => named.to_vec(),
    };
    let mut kept = true;
    for scenario in asked {
        say(format_args!("\n{scenario:?}"));
        match scenario.run(&bench) {
            Ok(outcomes) => {
                for outcome in outcomes {
                    say(&outcome);
                    outcome.save(&bench)?;
                    kept &= outcome.kept();
                }
            }
            Err(error) => {
                say(format_args!("{scenario:?}: could not be measured: {error}"));
                kept = false;
            }
        }
    }
    Ok(kept)
}

/// Thousands of sockets are as many files, here and in the programs started from here.
fn open_more_files() -> Fallible {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    Ok(rustix::process::setrlimit(
        rustix::process::Resource::Nofile,
        rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum },
    )?)
}

/// The product counts while it serves, so both its counting and the upkeep of it are measured.
fn keep_counting(runtime: &Runtime) -> Fallible {
    let metrics = rapport_host::telemetry::start_metrics()?;
    runtime.spawn(async move {
        let mut turn = tokio::time::interval(Duration::from_secs(5));
        loop {
            turn.tick().await;
            metrics.run_upkeep();
        }
    });
    Ok(())
}
