//! What core is told: see `rapport_host::settings` for where it comes from. All faults are told at once.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

pub use rapport_host::settings::{Faults, Settings};
use rapport_host::spans::Export;
use rapport_host::{memory, redis};

use crate::{
    db::Target,
    keys::{EdgeKey, MasterKey},
    retention::Retention,
    tokens::LONGEST_LIFE,
};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the embedded database, the master key and `demo.json` lie.
    pub data_dir: PathBuf,
    /// Where gRPC is served; port 0 takes a free one.
    pub grpc_listen: SocketAddr,
    /// Where `/metrics`, `/livez` and `/readyz` are served; port 0 takes a free one.
    pub admin_listen: SocketAddr,
    /// Where edges are served; nowhere where it is not set.
    pub internal_listen: Option<SocketAddr>,
    /// The file of the key that edges prove themselves with there.
    pub edge_key_file: Option<PathBuf>,
    /// The database.
    pub database: Target,
    /// How many connections to a PostgreSQL server, half of them for writing.
    pub database_max_connections: u32,
    /// The file of the master key.
    pub master_key_file: PathBuf,
    /// Whether the server tells its contract to `grpcurl` and the like.
    pub reflection: bool,
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or directives of tracing's `EnvFilter`.
    pub log: String,
    /// Where traces are sent.
    pub traces: Option<Export>,
    /// How long an access token lives.
    pub access_token: Duration,
    /// How long a member whose last connection closed is shown as before.
    pub presence_grace: Duration,
    /// Redis, where cores and edges share one.
    pub redis: Option<redis::Target>,
    /// How often the ends of logs are asked for, whatever the bus says.
    pub poll: Duration,
    /// How long things are kept.
    pub retention: Retention,
    /// How long a reader of a stream may stand still before it is cut off.
    pub slow_reader: Duration,
    /// How many calls may be under way at once.
    pub calls: usize,
    /// How many connections may be open at once.
    pub connections: usize,
    /// How much memory there is, where that is limited.
    pub memory: Option<memory::Budget>,
}

impl Config {
    /// Reads the settings and looks at the master key, if there is one yet.
    pub fn read(settings: &mut Settings) -> Self {
        let data_dir: PathBuf = settings.get("data_dir", PathBuf::from(".rapport"));
        let url = settings.get("database_url", format!("sqlite:{}", data_dir.join("rapport.db").display()));
        let database = Target::parse(&url).unwrap_or_else(|why| {
            settings.fault(format!("database_url: {why}"));
            Target::Sqlite(PathBuf::new())
        });
        let config = Self {
            grpc_listen: settings.get("grpc_listen", SocketAddr::from(([127, 0, 0, 1], 8081))),
            admin_listen: settings.get("admin_listen", SocketAddr::from(([127, 0, 0, 1], 8082))),
            internal_listen: settings.get("internal_listen", None),
            edge_key_file: settings.get("edge_key_file", None),
            database_max_connections: settings.within("database_max_connections", 20, 2, 1000),
            master_key_file: settings.get("master_key_file", data_dir.join("master.key")),
            reflection: settings.get("reflection", true),
            log: settings.log(),
            traces: settings.traces(),
            access_token: Duration::from_secs(
                settings.within("access_token_seconds", 900, 10, LONGEST_LIFE).into(),
            ),
            presence_grace: Duration::from_millis(
                settings.within("presence_grace_ms", 10_000, 0, 600_000).into(),
            ),
            redis: redis::Target::read(settings),
            poll: Duration::from_millis(settings.within("events.poll_ms", 200, 10, 600_000).into()),
            retention: Retention {
                events: Duration::from_secs(
                    settings.within("retention.events_seconds", 30 * 86_400, 1, u32::MAX).into(),
                ),
                every: Duration::from_secs(settings.within("retention.every_seconds", 600, 1, 86_400).into()),
            },
            slow_reader: Duration::from_millis(
                settings.within("limits.slow_reader_ms", 15_000, 100, 600_000).into(),
            ),
            calls: settings.within("limits.calls", 4_096, 1, 1_000_000) as usize,
            connections: settings.within("limits.connections", 10_000, 1, 1_000_000) as usize,
            memory: memory::Budget::read(settings),
            database,
            data_dir,
        };
        let mut listeners = vec![("grpc_listen", config.grpc_listen), ("admin_listen", config.admin_listen)];
        listeners.extend(config.internal_listen.map(|address| ("internal_listen", address)));
        settings.distinct(&listeners);
        if config.internal_listen.is_some() && config.edge_key_file.is_none() {
            settings.fault("edge_key_file: must be set where internal_listen is".to_owned());
        }
        if let Some(file) = &config.edge_key_file
            && let Err(why) = EdgeKey::read(file)
        {
            settings.fault(format!("edge_key_file: {why}"));
        }
        if config.master_key_file.exists()
            && let Err(why) = MasterKey::read(&config.master_key_file)
        {
            settings.fault(format!("master_key_file: {why}"));
        }
        config
    }

    /// The settings of a test or a bench: everything in one directory, free ports.
    #[must_use]
    pub fn in_dir(dir: &Path) -> Self {
        let dir = dir.to_string_lossy();
        let mut settings = Settings::of(&[
            ("data_dir", &dir),
            ("grpc_listen", "127.0.0.1:0"),
            ("admin_listen", "127.0.0.1:0"),
        ]);
        // Nothing in these can be wrong; a fault would show as the default settings.
        let config = Self::read(&mut settings);
        settings.finish(config).unwrap_or_else(|faults| unreachable!("{faults}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(values: &[(&str, &str)]) -> Result<Config, Faults> {
        let mut settings = Settings::of(values);
        let config = Config::read(&mut settings);
        settings.finish(config)
    }

    #[test]
    fn a_master_key_that_cannot_be_used_is_a_fault_and_a_missing_one_is_none() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("master.key");
        let values = [("master_key_file", file.to_str().unwrap())];
        set(&values).unwrap();
        MasterKey::create(&file, std::array::from_fn(|i| u8::try_from(i).unwrap())).unwrap();
        set(&values).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let exposed = set(&values).unwrap_err().0;
        assert!(exposed.len() == 1 && exposed[0].contains("mode 640"), "{exposed:?}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&file, "short").unwrap();
        let malformed = set(&values).unwrap_err().0;
        assert!(malformed.len() == 1 && malformed[0].starts_with("master_key_file: "), "{malformed:?}");
    }

    #[test]
    fn edges_are_listened_to_behind_a_key_or_not_at_all() {
        use std::os::unix::fs::PermissionsExt as _;

        assert_eq!(set(&[]).unwrap().internal_listen, None);
        let keyless = set(&[("internal_listen", "127.0.0.1:0")]).unwrap_err().0;
        assert_eq!(keyless, ["edge_key_file: must be set where internal_listen is"]);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("edge.key");
        MasterKey::create(&file, std::array::from_fn(|i| u8::try_from(i).unwrap())).unwrap();
        let listen = |at| set(&[("internal_listen", at), ("edge_key_file", file.to_str().unwrap())]);
        assert_eq!(listen("127.0.0.1:8083").unwrap().internal_listen, Some(([127, 0, 0, 1], 8083).into()));
        let taken = listen("0.0.0.0:8082").unwrap_err().0;
        assert!(taken.len() == 1 && taken[0].starts_with("internal_listen: "), "{taken:?}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o604)).unwrap();
        let exposed = listen("127.0.0.1:8083").unwrap_err().0;
        assert!(exposed.len() == 1 && exposed[0].contains("mode 604"), "{exposed:?}");
    }

    #[test]
    fn nothing_set_is_a_working_installation() {
        let config = set(&[]).unwrap();
        assert_eq!(config.grpc_listen.to_string(), "127.0.0.1:8081");
        assert_eq!(config.master_key_file, PathBuf::from(".rapport/master.key"));
        assert!(matches!(config.database, Target::Sqlite(path) if path == Path::new(".rapport/rapport.db")));
    }

    #[test]
    fn an_access_token_may_live_ten_seconds_to_an_hour() {
        for (set_to, lives) in [("10", 10), ("3600", 3_600)] {
            let config = set(&[("access_token_seconds", set_to)]).unwrap();
            assert_eq!(config.access_token, Duration::from_secs(lives));
        }
        assert_eq!(set(&[]).unwrap().access_token, Duration::from_mins(15));
        let faults = set(&[("access_token_seconds", "3601")]).unwrap_err().0;
        assert_eq!(faults, ["access_token_seconds: must be 10 to 3600, not 3601"]);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = set(&[
            ("grpc_listen", "nowhere"),
            ("database_url", "mysql://x"),
            ("colour", "3"),
            ("database_max_connections", "1"),
            ("access_token_seconds", "9"),
            ("limits.slow_reader_ms", "1"),
            ("limits.speed", "1"),
        ])
        .unwrap_err();
        let keys: Vec<_> = faults.0.iter().map(|fault| fault.split(':').next().unwrap_or_default()).collect();
        let expected = [
            "colour",
            "limits.speed",
            "database_url",
            "grpc_listen",
            "database_max_connections",
            "access_token_seconds",
            "limits.slow_reader_ms",
        ];
        assert_eq!(keys, expected, "{faults}");
    }
}
