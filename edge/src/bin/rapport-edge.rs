//! The program `rapport-edge`: the edge in a process of its own, with cores elsewhere.

use std::{io, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use rapport_edge::{
    config::{Config, Remote},
    server,
    upstream::Upstream,
};
use rapport_host::{
    admin, health,
    process::{End, complain, listen, say},
    settings::Settings,
    spans,
    telemetry::{self, LogForm},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the end may take.
const LAST_ORDERS: Duration = Duration::from_secs(15);

/// REST and WebSocket for browsers, in front of one rapport-core or several.
#[derive(Debug, Parser)]
#[command(name = "rapport-edge", version)]
struct Args {
    /// A TOML file with settings; the environment (RAPPORT_…) goes before it.
    #[arg(long, env = "RAPPORT_CONFIG")]
    config: Option<PathBuf>,
    /// Read the settings, list every fault, and end.
    #[arg(long)]
    check_config: bool,
    /// Ask the process that runs with these settings whether it is ready, and end.
    #[arg(long)]
    health: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut settings = Settings::load(args.config.as_deref());
    let read = (Config::read(&mut settings), Remote::read(&mut settings));
    let fail = |why: &str| {
        complain("rapport-edge", why);
        ExitCode::FAILURE
    };
    let (config, remote) = match settings.finish(read) {
        Ok(read) => read,
        Err(faults) => return fail(&faults.to_string()),
    };
    if args.check_config {
        return ExitCode::SUCCESS;
    }
    if args.health {
        return match health::ask(remote.admin_listen) {
            Ok(said) => {
                say(&said);
                ExitCode::SUCCESS
            }
            Err(why) => fail(&why),
        };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    let ended = runtime.block_on(async {
        telemetry::start_logs("rapport-edge", &remote.log, LogForm::Json, remote.traces.as_ref())
            .map_err(|why| io::Error::other(why.to_string()))?;
        run(config, &remote).await
    });
    spans::stop();
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

async fn run(config: Config, remote: &Remote) -> io::Result<()> {
    let end = End::awaited()?;
    let metrics = telemetry::start_metrics().map_err(io::Error::other)?;
    let upstream = Upstream::remote(&remote.cores, &remote.edge_key).map_err(io::Error::other)?;
    upstream.look_up().await;
    let admin = listen(remote.admin_listen, "RAPPORT_ADMIN_LISTEN").await?;
    let admin_addr = admin.local_addr()?;
    let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
    let config = Config { shared_key: remote.edge_key.clone(), ..config };
    let (edge_addr, mut readiness) =
        server::start(config, upstream, admin::Readiness::default(), stopping.clone(), tasks.clone()).await?;
    if let Some(budget) = &remote.memory {
        readiness = budget.clone().watch(readiness)?;
    }
    let admin_serving = tokio::spawn(admin::serve(admin, metrics, readiness, stopping.clone()));
    say(&format!("rapport-edge listening edge={edge_addr} admin={admin_addr}"));
    tracing::info!(%edge_addr, %admin_addr, version = env!("CARGO_PKG_VERSION"), "listening");
    end.comes().await;
    tracing::info!("stopping");
    stopping.cancel();
    tasks.close();
    if tokio::time::timeout(LAST_ORDERS, tasks.wait()).await.is_err() {
        tracing::warn!("some calls did not finish in time");
    }
    admin_serving.abort();
    Ok(())
}
