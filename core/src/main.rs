//! The program `rapport-core`. Without a command it starts the demo: everything embedded, a workspace to try.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::{Parser, Subcommand};
use rapport_core::{
    admin,
    app::App,
    auth,
    clock::Clock,
    config::Config,
    db, demo,
    error::{Error, Result},
    ids::Ids,
    keys::{self, MasterKey},
    migrate, server,
    telemetry::{self, LogForm},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Customer support over gRPC: live chat for many tenants, with nothing lost and nothing doubled.
#[derive(Debug, Parser)]
#[command(name = "rapport-core", version)]
struct Args {
    /// A TOML file with settings; the environment (RAPPORT_…) goes before it.
    #[arg(long, global = true, env = "RAPPORT_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
enum Command {
    /// Start with a demo workspace, its sign-ins in demo.json (the default).
    Demo,
    /// Start for production: makes no account, prints a one-time setup token while there is no owner.
    Serve,
    /// Bring the database's schema up to date and end.
    Migrate,
    /// Read the settings, list every fault, and end.
    CheckConfig,
    /// Print an operator's access token, good for 15 minutes.
    OperatorToken,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let command = args.command.unwrap_or(Command::Demo);
    let config = match Config::load(args.config.as_deref()) {
        Ok(config) => config,
        Err(faults) => return fail(&faults.to_string()),
    };
    let form = if command == Command::Demo { LogForm::Text } else { LogForm::Json };
    // The demo's reader wants the banner, not every call.
    telemetry::start_logs(&config.log, form);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    let ended = runtime.block_on(run(command, &config));
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.causes().unwrap_or_else(|| error.to_string())),
    }
}

fn fail(why: &str) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "rapport-core: {why}");
    ExitCode::FAILURE
}

async fn run(command: Command, config: &Config) -> Result<()> {
    match command {
        Command::CheckConfig => Ok(()),
        Command::Migrate => {
            make_data_dir(config)?;
            let opened = db::open(&config.database, config.database_max_connections).await?;
            migrate::run(&opened).await
        }
        Command::OperatorToken => {
            let app =
                App::open(config, MasterKey::read(&config.master_key_file).map_err(Error::internal)?).await?;
            let token = app.tokens.issue_operator()?;
            app.stop().await;
            say(&token);
            Ok(())
        }
        Command::Demo | Command::Serve => start(command, config).await,
    }
}

async fn start(command: Command, config: &Config) -> Result<()> {
    let app = open(config).await?;
    let metrics = telemetry::start_metrics()?;
    let grpc = listen(config.grpc_listen).await?;
    let admin = listen(config.admin_listen).await?;
    let grpc_addr = grpc.local_addr().map_err(Error::internal)?;
    let admin_addr = admin.local_addr().map_err(Error::internal)?;
    let serving = tokio::spawn(server::serve(Arc::clone(&app), grpc, config.connections, config.reflection));
    let admin_serving = tokio::spawn(admin::serve(Arc::clone(&app), admin, metrics));
    if command == Command::Demo {
        say(&demo::prepare(&app, &config.data_dir, grpc_addr).await?);
    } else if auth::needs_owner(&app).await? {
        say(&format!("setup token: {}", auth::setup_token(&app)));
    }
    say(&format!("rapport-core listening grpc={grpc_addr} admin={admin_addr}"));
    tracing::info!(%grpc_addr, %admin_addr, version = env!("CARGO_PKG_VERSION"), "listening");
    wait_for_end().await?;
    tracing::info!("stopping");
    app.stopping.cancel();
    let ended = tokio::time::timeout(server::DRAIN + LAST_ORDERS, async {
        serving.await.map_err(Error::internal)??;
        // Whoever asks for metrics waits for nothing that must not be lost.
        admin_serving.abort();
        app.stop().await;
        Ok(())
    });
    // A database that hangs must not keep the process: what was acknowledged is committed, the rest is unknown to its callers.
    ended.await.unwrap_or_else(|_| Err(Error::internal("the database did not let go in time")))
}

/// How long closing may take after the drain.
const LAST_ORDERS: Duration = Duration::from_secs(5);

/// Opens the store; makes schema and master key where there is nothing at all yet.
async fn open(config: &Config) -> Result<Arc<App>> {
    make_data_dir(config)?;
    let clock = Clock::System;
    let ids = Ids::system(clock.clone());
    let opened = db::open(&config.database, config.database_max_connections).await?;
    migrate::prepare(&opened).await?;
    let fresh = db::Installation::is_absent(&opened).await?;
    let master =
        keys::read_or_create(&config.master_key_file, fresh, ids.random()).map_err(Error::internal)?;
    App::build(config, opened, master, clock, ids).await
}

fn make_data_dir(config: &Config) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.data_dir).map_err(|source| {
        Error::internal(format!("the data directory {} cannot be made: {source}", config.data_dir.display()))
    })
}

async fn listen(address: std::net::SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|source| {
        Error::internal(format!("{address} cannot be listened on: {source}; choose another with RAPPORT_GRPC_LISTEN or RAPPORT_ADMIN_LISTEN"))
    })
}

async fn wait_for_end() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::internal)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // Whoever asks twice does not want to wait.
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(())
}

/// Standard output is for what a person or a script waits for; everything else is a log line.
fn say(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}
