//! O1: the program itself: from the start of its process on a store that exists until a health check is answered, and the
//! memory it has resident when nobody calls.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    Bench, Fallible, machine,
    report::{Bound, Figure, Outcome},
};

/// How long a start may take before it is no start.
const PATIENCE: Duration = Duration::from_secs(30);
/// After what time an idle program's memory is looked at.
const SETTLED: Duration = Duration::from_secs(2);

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let program = program()?;
    // The first start makes the store and is not measured.
    Core::start(bench, &program, dir.path())?.stop()?;
    let (mut starts, mut memories) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds.max(3) {
        let core = Core::start(bench, &program, dir.path())?;
        starts.push(core.took.as_secs_f64());
        std::thread::sleep(SETTLED);
        memories.push(machine::float(machine::resident_kib(core.child.id())?) / 1024.0);
        core.stop()?;
    }
    Ok(vec![Outcome {
        id: "O1",
        title: "a warm start of rapport-core serve, and its memory when idle".to_owned(),
        conditions: vec![format!("SQLite; memory {} s after the start", SETTLED.as_secs())],
        rounds: Vec::new(),
        figures: vec![
            Figure::of("start to first health check, s", starts, Bound::at_most(1.0, 0.2)),
            Figure::of("resident memory idle, MiB", memories, Bound::at_most(40.0, 20.0)),
        ],
        faults: Vec::new(),
    }])
}

fn program() -> Fallible<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("rapport-core");
    if program.is_file() { Ok(program) } else { Err("rapport-core is not built beside this program".into()) }
}

/// A running program; ended with this value.
struct Core {
    child: Child,
    took: Duration,
}

impl Core {
    fn start(bench: &Bench, program: &Path, dir: &Path) -> Fallible<Self> {
        // Free now; nobody else here takes ports between this line and the next.
        let address = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.local_addr()?;
        let begun = Instant::now();
        let child = Command::new(program)
            .arg("serve")
            .env("RAPPORT_DATA_DIR", dir)
            .env("RAPPORT_GRPC_LISTEN", address.to_string())
            .env("RAPPORT_ADMIN_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut core = Self { child, took: Duration::ZERO };
        bench.runtime.block_on(async { tokio::time::timeout(PATIENCE, healthy(address)).await })??;
        core.took = begun.elapsed();
        Ok(core)
    }

    /// Asks it to go and waits.
    fn stop(mut self) -> Fallible {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).ok_or("a process without an id")?;
        kill_process(pid, Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("rapport-core ended with {status}").into()) }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // Only where a start failed; after a stop there is nothing left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until the answer is SERVING.
async fn healthy(address: SocketAddr) -> Fallible {
    loop {
        if let Ok(channel) = Endpoint::from_shared(format!("http://{address}"))?.connect().await {
            let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
            if answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving) {
                return Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
