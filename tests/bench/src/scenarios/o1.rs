//! O1: the programs themselves: from the start of the process on a store that exists until a health check is answered, and the
//! memory it has resident when nobody calls.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
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
    let mut outcome =
        Outcome::of("O1", "a warm start of the programs, and their memory when idle", Vec::new());
    outcome.conditions = vec![format!("SQLite; memory {} s after the start", SETTLED.as_secs())];
    for (program, memory) in
        [("rapport-core", Bound::at_most(40.0, 20.0)), ("rapport", Bound::at_most(60.0, 30.0))]
    {
        let dir = bench.folder()?;
        // The first start makes the store and is not measured.
        Started::start(bench, program, dir.path())?.stop()?;
        let (mut starts, mut memories) = (Vec::new(), Vec::new());
        for _ in 0..bench.rounds.max(3) {
            let started = Started::start(bench, program, dir.path())?;
            starts.push(started.took.as_secs_f64());
            std::thread::sleep(SETTLED);
            memories.push(machine::float(machine::resident_kib(started.child.id())?) / 1024.0);
            started.stop()?;
        }
        let name = |what: &str| format!("{program}, {what}");
        outcome.figures.extend([
            Figure::of(name("start to first health check, s"), starts, Bound::at_most(1.0, 0.2)),
            Figure::of(name("resident memory idle, MiB"), memories, memory),
        ]);
    }
    Ok(vec![outcome])
}

/// A running program; ended with this value.
struct Started {
    child: Child,
    took: Duration,
}

impl Started {
    fn start(bench: &Bench, program: &str, dir: &Path) -> Fallible<Self> {
        let file = std::env::current_exe()?.with_file_name(program);
        if !file.is_file() {
            return Err(format!("{program} is not built beside this program").into());
        }
        // Free now; nobody else here takes ports between this line and the next.
        let address = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.local_addr()?;
        let begun = Instant::now();
        let child = Command::new(file)
            .arg("serve")
            .env("RAPPORT_DATA_DIR", dir)
            .env("RAPPORT_GRPC_LISTEN", address.to_string())
            .env("RAPPORT_ADMIN_LISTEN", "127.0.0.1:0")
            .env("RAPPORT_EDGE_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut started = Self { child, took: Duration::ZERO };
        bench.runtime.block_on(async { tokio::time::timeout(PATIENCE, healthy(address)).await })??;
        started.took = begun.elapsed();
        Ok(started)
    }

    /// Asks it to go and waits.
    fn stop(mut self) -> Fallible {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).ok_or("a process without an id")?;
        kill_process(pid, Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("a program ended with {status}").into()) }
    }
}

impl Drop for Started {
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
