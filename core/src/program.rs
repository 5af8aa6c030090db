//! The command line of core, for every program that holds it: `rapport-core` alone, `rapport` with an edge beside it in the same
//! process. Without a command it starts the demo: everything embedded, a workspace to try.

use std::{future::Future, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use rapport_host::{
    accept, admin, health,
    process::{End, complain, listen, say},
    settings::Settings,
    spans,
    telemetry::{self, LogForm},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::App,
    auth,
    clock::Clock,
    config::Config,
    db, demo,
    error::{Error, Result},
    ids::Ids,
    keys::{self, EdgeKey, MasterKey},
    migrate,
    server::{self, InProcess},
};

/// What runs beside core in the same process.
pub trait Beside: Send {
    /// Reads its own settings.
    fn read(settings: &mut Settings) -> Self;

    /// Starts to serve; says where, and what to ask before it counts as ready.
    fn start(self, inside: Inside) -> impl Future<Output = Result<Started>> + Send;
}

/// What core hands to whatever runs beside it.
#[derive(Clone)]
pub struct Inside {
    /// Whether this is the demo.
    pub demo: bool,
    /// What core depends on.
    pub readiness: admin::Readiness,
    /// Everything core serves, the part for edges among it.
    pub core: InProcess,
    /// What edges of this installation share and nobody else knows.
    pub shared_key: String,
    /// Set when the process is to stop.
    pub stopping: CancellationToken,
    /// The tasks the process waits for before core ends.
    pub tasks: TaskTracker,
}

/// What runs beside core and does.
#[derive(Debug, Default)]
pub struct Started {
    /// Where browsers reach it.
    pub url: Option<String>,
    /// The pages it serves to people, below that: what each is for, and its path. The demo says so.
    pub pages: Vec<(&'static str, &'static str)>,
    /// What it adds to the line that says where the process listens.
    pub places: String,
    /// What it depends on.
    pub readiness: admin::Readiness,
}

/// Nothing runs beside core.
#[derive(Debug)]
pub struct Alone;

impl Beside for Alone {
    fn read(_settings: &mut Settings) -> Self {
        Self
    }

    async fn start(self, _inside: Inside) -> Result<Started> {
        Ok(Started::default())
    }
}

/// Customer support over gRPC: live chat for many tenants, with nothing lost and nothing doubled.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// A TOML file with settings; the environment (RAPPORT_…) goes before it.
    #[arg(long, global = true, env = "RAPPORT_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
enum Command {
    /// Start with a demo workspace, its sign-ins in demo.json (the default).
    Demo,
    /// Start for production: makes no account, prints a one-time setup token while there is no owner.
    Serve,
    /// Bring the database's schema up to date and end.
    Migrate,
    /// Read the settings, list every fault, and end.
    CheckConfig,
    /// Ask the process that runs with these settings whether it is ready, and end.
    Health,
    /// Copy the whole store into a new file and end; cores may go on serving. The master key is not in it: keep that too.
    Backup {
        /// The file to make.
        file: PathBuf,
    },
    /// Fill an empty store from the file of a backup and end. Readers of the old store begin anew.
    Restore {
        /// The file.
        file: PathBuf,
    },
    /// Copy the whole store into another, empty one and end. Nobody may serve the store meanwhile.
    Move {
        /// Where to: sqlite:<path> or postgres://…
        #[arg(long)]
        to: String,
    },
    /// Print an operator's access token, which lives as long as any other.
    OperatorToken,
}

/// Runs the program of this name to its end.
#[must_use]
pub fn main<B: Beside>(name: &'static str) -> ExitCode {
    let matches = Args::command().name(name).get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let command = args.command.unwrap_or(Command::Demo);
    let mut settings = Settings::load(args.config.as_deref());
    let read = (Config::read(&mut settings), B::read(&mut settings));
    let fail = |why: &str| {
        complain(name, why);
        ExitCode::FAILURE
    };
    let (config, beside) = match settings.finish(read) {
        Ok(read) => read,
        Err(faults) => return fail(&faults.to_string()),
    };
    // The demo's reader wants the banner, not every call.
    let form = if command == Command::Demo { LogForm::Text } else { LogForm::Json };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    let ended = runtime.block_on(async {
        telemetry::start_logs(name, &config.log, form, config.traces.as_ref())
            .map_err(|why| Error::internal(why.to_string()))?;
        run(command, &config, beside, name).await
    });
    spans::stop();
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.causes().unwrap_or_else(|| error.to_string())),
    }
}

async fn run(command: Command, config: &Config, beside: impl Beside, name: &str) -> Result<()> {
    match command {
        Command::CheckConfig => Ok(()),
        Command::Health => {
            say(&health::ask(config.admin_listen).map_err(Error::internal)?);
            Ok(())
        }
        Command::Migrate => {
            make_data_dir(config)?;
            let opened = db::open(&config.database, config.database_max_connections).await?;
            migrate::run(&opened).await
        }
        Command::Backup { file } => {
            tell(db::copy::backup(&config.database, &file).await?);
            Ok(())
        }
        Command::Restore { file } => {
            make_data_dir(config)?;
            let master = MasterKey::read(&config.master_key_file).map_err(Error::internal)?;
            let epoch = Ids::system(Clock::System).make();
            tell(db::copy::restore(&file, &config.database, &master, epoch).await?);
            Ok(())
        }
        Command::Move { to } => {
            let other = db::Target::parse(&to).map_err(|why| Error::internal(format!("--to: {why}")))?;
            tell(db::copy::move_to(&config.database, &other, Clock::System.now()).await?);
            Ok(())
        }
        Command::OperatorToken => {
            let app =
                App::open(config, MasterKey::read(&config.master_key_file).map_err(Error::internal)?).await?;
            let token = app.tokens.issue_operator()?;
            app.stop().await;
            say(&token);
            Ok(())
        }
        Command::Demo | Command::Serve => start(command, config, beside, name).await,
    }
}

/// What was copied, table by table; each was counted and compared on both sides.
fn tell(copied: Vec<db::copy::Copied>) {
    for table in copied {
        say(&table.to_string());
    }
    say("everything was copied, counted and compared");
}

async fn start(command: Command, config: &Config, beside: impl Beside, name: &str) -> Result<()> {
    let app = open(config).await?;
    let metrics = telemetry::start_metrics().map_err(Error::internal)?;
    let end = End::awaited().map_err(Error::internal)?;
    let grpc = listen(config.grpc_listen, "RAPPORT_GRPC_LISTEN").await.map_err(Error::internal)?;
    let admin = listen(config.admin_listen, "RAPPORT_ADMIN_LISTEN").await.map_err(Error::internal)?;
    let grpc_addr = grpc.local_addr().map_err(Error::internal)?;
    let admin_addr = admin.local_addr().map_err(Error::internal)?;
    let serving = tokio::spawn(accept::serve(
        grpc,
        server::rules(&app, config.connections),
        server::public(&app, config.reflection)?,
    ));
    let (edges, internal) = match (config.internal_listen, &config.edge_key_file) {
        (Some(address), Some(key)) => {
            let key = EdgeKey::read(key).map_err(Error::internal)?;
            let listener = listen(address, "RAPPORT_INTERNAL_LISTEN").await.map_err(Error::internal)?;
            let address = listener.local_addr().map_err(Error::internal)?;
            let rules = server::internal_rules(&app, config.connections);
            let serving = tokio::spawn(accept::serve(listener, rules, server::internal(&app, key)?));
            (Some(serving), format!(" internal={address}"))
        }
        _ => (None, String::new()),
    };
    // What runs beside ends first: it lives on core.
    let outside = Inside {
        demo: command == Command::Demo,
        readiness: server::readiness(&app, admin::Readiness::default()),
        core: server::in_process(&app)?,
        shared_key: match &config.edge_key_file {
            Some(file) => EdgeKey::read(file).map_err(Error::internal)?.text().to_owned(),
            None => hex::encode(app.master.derive(b"edges")),
        },
        stopping: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    let started = beside.start(outside.clone()).await?;
    let others = match &config.memory {
        Some(budget) => budget.clone().watch(started.readiness).map_err(Error::internal)?,
        None => started.readiness,
    };
    let readiness = server::readiness(&app, others);
    let admin_serving = tokio::spawn(admin::serve(admin, metrics, readiness, app.stopping.clone()));
    if command == Command::Demo {
        say(&demo::prepare(&app, &config.data_dir, grpc_addr, started.url, &started.pages).await?);
    } else if auth::needs_owner(&app).await? {
        say(&format!("setup token: {}", auth::setup_token(&app)));
    }
    say(&format!("{name} listening grpc={grpc_addr} admin={admin_addr}{internal}{}", started.places));
    tracing::info!(%grpc_addr, %admin_addr, places = started.places, version = env!("CARGO_PKG_VERSION"), "listening");
    end.comes().await;
    tracing::info!("stopping");
    let ended = tokio::time::timeout(server::DRAIN + server::LAST_ORDERS, async {
        outside.stopping.cancel();
        outside.tasks.close();
        outside.tasks.wait().await;
        app.stopping.cancel();
        serving.await.map_err(Error::internal)?;
        if let Some(edges) = edges {
            edges.await.map_err(Error::internal)?;
        }
        // Whoever asks for metrics waits for nothing that must not be lost.
        admin_serving.abort();
        app.stop().await;
        Ok(())
    });
    // A database that hangs must not keep the process: what was acknowledged is committed, the rest is unknown to its callers.
    ended.await.unwrap_or_else(|_| Err(Error::internal("the database did not let go in time")))
}

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
