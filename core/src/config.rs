//! The settings: defaults, then a TOML file, then the environment (`RAPPORT_GRPC_LISTEN` is the key `grpc_listen`,
//! `RAPPORT_LIMITS__SLOW_READER_MS` is `slow_reader_ms` under `[limits]`). All faults are told at once.

use std::{
    collections::BTreeSet,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{
    Figment, Provider as _,
    providers::{Env, Format as _, Serialized, Toml},
};
use serde::de::DeserializeOwned;

use crate::db::Target;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the embedded database, the master key and `demo.json` lie.
    pub data_dir: PathBuf,
    /// Where gRPC is served; port 0 takes a free one.
    pub grpc_listen: SocketAddr,
    /// Where `/metrics`, `/livez` and `/readyz` are served; port 0 takes a free one.
    pub admin_listen: SocketAddr,
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
    /// How long a reader of a stream may stand still before it is cut off.
    pub slow_reader: Duration,
    /// How many calls may be under way at once.
    pub calls: usize,
    /// How many connections may be open at once.
    pub connections: usize,
}

/// Every fault of the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings have {} fault(s):", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for Faults {}

const KEYS: [&str; 11] = [
    "data_dir",
    "grpc_listen",
    "admin_listen",
    "database_url",
    "database_max_connections",
    "master_key_file",
    "reflection",
    "log",
    "limits.slow_reader_ms",
    "limits.calls",
    "limits.connections",
];

impl Config {
    /// Reads the settings; `file` is the TOML file, if there is one.
    pub fn load(file: Option<&Path>) -> Result<Self, Faults> {
        let mut figment = Figment::new();
        if let Some(file) = file {
            if !file.is_file() {
                return Err(Faults(vec![format!("{}: there is no such file", file.display())]));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let env = Env::prefixed("RAPPORT_")
            .filter(|key| KEYS.iter().any(|known| known.replace('.', "__") == key.as_str().to_lowercase()))
            .split("__");
        Self::read(&figment.merge(env))
    }

    fn read(figment: &Figment) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        unknown_keys(figment, &mut faults);
        let mut read = Reader { figment, faults };
        let data_dir: PathBuf = read.get("data_dir", PathBuf::from(".rapport"));
        let url = read.get("database_url", format!("sqlite:{}", data_dir.join("rapport.db").display()));
        let database = Target::parse(&url).unwrap_or_else(|why| {
            read.faults.push(format!("database_url: {why}"));
            Target::Sqlite(PathBuf::new())
        });
        let config = Self {
            grpc_listen: read.get("grpc_listen", SocketAddr::from(([127, 0, 0, 1], 8081))),
            admin_listen: read.get("admin_listen", SocketAddr::from(([127, 0, 0, 1], 8082))),
            database_max_connections: read.within("database_max_connections", 20, 2, 1000),
            master_key_file: read.get("master_key_file", data_dir.join("master.key")),
            reflection: read.get("reflection", true),
            log: read.get("log", "info".to_owned()),
            slow_reader: Duration::from_millis(
                read.within("limits.slow_reader_ms", 15_000, 100, 600_000).into(),
            ),
            calls: read.within("limits.calls", 4_096, 1, 1_000_000) as usize,
            connections: read.within("limits.connections", 10_000, 1, 1_000_000) as usize,
            database,
            data_dir,
        };
        if let Err(why) = config.log.parse::<tracing_subscriber::EnvFilter>() {
            read.faults.push(format!("log: {why}"));
        }
        if read.faults.is_empty() { Ok(config) } else { Err(Faults(read.faults)) }
    }

    /// The settings of a test or a bench: everything in one directory, free ports.
    #[must_use]
    pub fn in_dir(dir: &Path) -> Self {
        let figment = Figment::from(Serialized::default("data_dir", dir))
            .merge(Serialized::default("grpc_listen", "127.0.0.1:0"))
            .merge(Serialized::default("admin_listen", "127.0.0.1:0"));
        // Nothing in these can be wrong; a fault would show as the default settings.
        Self::read(&figment).unwrap_or_else(|faults| unreachable!("{faults}"))
    }
}

struct Reader<'a> {
    figment: &'a Figment,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn get<T: DeserializeOwned>(&mut self, key: &str, default: T) -> T {
        if self.figment.find_value(key).is_err() {
            return default;
        }
        match self.figment.extract_inner_lossy(key) {
            Ok(value) => value,
            Err(why) => {
                self.faults.push(format!("{key}: {}", why.kind));
                default
            }
        }
    }

    fn within(&mut self, key: &str, default: u32, least: u32, most: u32) -> u32 {
        let value: u64 = self.get(key, default.into());
        match u32::try_from(value) {
            Ok(value) if (least..=most).contains(&value) => value,
            _ => {
                self.faults.push(format!("{key}: must be {least} to {most}, not {value}"));
                default
            }
        }
    }
}

fn unknown_keys(figment: &Figment, faults: &mut Vec<String>) {
    match figment.data() {
        Err(why) => faults.extend(why.into_iter().map(|why| why.to_string())),
        Ok(profiles) => {
            let mut found = BTreeSet::new();
            for (key, value) in profiles.into_values().flatten() {
                match value {
                    figment::value::Value::Dict(_, inner) => {
                        found.extend(inner.into_keys().map(|name| format!("{key}.{name}")));
                    }
                    _ => {
                        found.insert(key);
                    }
                }
            }
            faults.extend(
                found.iter().filter(|k| !KEYS.contains(&k.as_str())).map(|k| format!("{k}: no such setting")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Config, Faults> {
        Config::read(&Figment::from(Toml::string(toml)))
    }

    #[test]
    fn nothing_set_is_a_working_installation() {
        let config = read("").unwrap();
        assert_eq!(config.grpc_listen.to_string(), "127.0.0.1:8081");
        assert_eq!(config.master_key_file, PathBuf::from(".rapport/master.key"));
        assert!(matches!(config.database, Target::Sqlite(path) if path == Path::new(".rapport/rapport.db")));
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = read(
            "grpc_listen = \"nowhere\"\ndatabase_url = \"mysql://x\"\ncolour = 3\ndatabase_max_connections = 1\n\
             [limits]\nslow_reader_ms = 1\nspeed = 1\n",
        )
        .unwrap_err();
        let keys: Vec<_> = faults.0.iter().map(|fault| fault.split(':').next().unwrap_or_default()).collect();
        let expected = [
            "colour",
            "limits.speed",
            "database_url",
            "grpc_listen",
            "database_max_connections",
            "limits.slow_reader_ms",
        ];
        assert_eq!(keys, expected, "{faults}");
    }
}
