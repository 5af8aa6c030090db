//! The settings: defaults, then a TOML file, then the environment (`RAPPORT_GRPC_LISTEN` is the key `grpc_listen`,
//! `RAPPORT_LIMITS__SLOW_READER_MS` is `slow_reader_ms` under `[limits]`). All faults are told at once.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{
    Figment, Provider as _,
    providers::{Format as _, Serialized, Toml},
    value::Value,
};
use serde::de::DeserializeOwned;

use crate::{db::Target, keys::MasterKey};

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

const PREFIX: &str = "RAPPORT_";

/// Variables of the prefix that are no settings: the file's name, and what the tests and the benches read.
const NO_SETTINGS: [&str; 2] = ["RAPPORT_CONFIG", "RAPPORT_CORE_BIN"];
const NO_SETTINGS_BEGIN: [&str; 2] = ["RAPPORT_TEST_", "RAPPORT_BENCH_"];

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl Config {
    /// Reads the settings and looks at the master key, if there is one yet; `file` is the TOML file, if there is one.
    pub fn load(file: Option<&Path>) -> Result<Self, Faults> {
        Self::gather(file, std::env::vars_os())
    }

    fn gather(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let figment = file.map_or_else(Figment::new, |file| from_file(file, &mut faults));
        let figment = merge_variables(figment, variables, &mut faults);
        Self::read(&figment, faults)
    }

    fn read(figment: &Figment, mut faults: Vec<String>) -> Result<Self, Faults> {
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
        read.faults.extend(config.faults_together());
        if read.faults.is_empty() { Ok(config) } else { Err(Faults(read.faults)) }
    }

    /// What only a look at the values, at one another or at the disk shows.
    fn faults_together(&self) -> Vec<String> {
        let mut faults = Vec::new();
        // A single word that is no level would be taken for a part of the program, and everything else would be silent.
        let is_level = LEVELS.iter().any(|level| self.log.eq_ignore_ascii_case(level));
        if !is_level && !self.log.contains(['=', ',']) {
            faults.push(format!(
                "log: must be one of {} or directives, not {:?}",
                LEVELS.join(", "),
                self.log
            ));
        } else if let Err(why) = self.log.parse::<tracing_subscriber::EnvFilter>() {
            faults.push(format!("log: {why}"));
        }
        let (grpc, admin) = (self.grpc_listen, self.admin_listen);
        let overlap = grpc.ip() == admin.ip() || grpc.ip().is_unspecified() || admin.ip().is_unspecified();
        if grpc.port() != 0 && grpc.port() == admin.port() && overlap {
            faults.push(format!("admin_listen: {admin} and grpc_listen {grpc} are the same port"));
        }
        if self.master_key_file.exists()
            && let Err(why) = MasterKey::read(&self.master_key_file)
        {
            faults.push(format!("master_key_file: {why}"));
        }
        faults
    }

    /// The settings of a test or a bench: everything in one directory, free ports.
    #[must_use]
    pub fn in_dir(dir: &Path) -> Self {
        let figment = Figment::from(Serialized::default("data_dir", dir))
            .merge(Serialized::default("grpc_listen", "127.0.0.1:0"))
            .merge(Serialized::default("admin_listen", "127.0.0.1:0"));
        // Nothing in these can be wrong; a fault would show as the default settings.
        Self::read(&figment, Vec::new()).unwrap_or_else(|faults| unreachable!("{faults}"))
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

fn from_file(file: &Path, faults: &mut Vec<String>) -> Figment {
    if !file.is_file() {
        faults.push(format!("{}: there is no such file", file.display()));
        return Figment::new();
    }
    let figment = Figment::from(Toml::file_exact(file));
    match figment.data() {
        Ok(_) => figment,
        // Without the file the rest can still be judged.
        Err(why) => {
            faults.extend(why.into_iter().map(|why| why.to_string()));
            Figment::new()
        }
    }
}

fn merge_variables(
    mut figment: Figment,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    faults: &mut Vec<String>,
) -> Figment {
    for (name, text) in variables {
        let Some(name) = name.to_str().map(str::to_ascii_uppercase) else { continue };
        let Some(setting) = name.strip_prefix(PREFIX) else { continue };
        let known = KEYS.iter().find(|key| key.to_ascii_uppercase().replace('.', "__") == setting);
        match (known, text.to_str()) {
            (Some(key), Some(text)) => {
                // Reading a value cannot fail: what is no number, list or the like is a text.
                let value: Value = text.parse().unwrap_or_else(|_| text.into());
                figment = figment.merge(Serialized::default(key, value));
            }
            (Some(_), None) => faults.push(format!("{name}: is not UTF-8")),
            (None, _) if NO_SETTINGS.contains(&name.as_str()) => {}
            (None, _) if NO_SETTINGS_BEGIN.iter().any(|begin| name.starts_with(begin)) => {}
            (None, _) => faults.push(format!("{name}: no such setting")),
        }
    }
    figment
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
        Config::read(&Figment::from(Toml::string(toml)), Vec::new())
    }

    fn set(variables: &[(&str, &str)]) -> Result<Config, Faults> {
        gather(None, variables)
    }

    fn gather(file: Option<&Path>, variables: &[(&str, &str)]) -> Result<Config, Faults> {
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Config::gather(file, variables)
    }

    fn faults(outcome: Result<Config, Faults>) -> Vec<String> {
        outcome.unwrap_err().0
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("rapport.toml");
        std::fs::write(&file, "data_dir = \"here\"\nlog = \"warn\"\n[limits]\ncalls = 5\nconnections = 6\n")
            .unwrap();
        let variables = [
            ("RAPPORT_LIMITS__CALLS", "7"),
            ("RAPPORT_LOG", "debug"),
            ("RAPPORT_REFLECTION", "false"),
            ("RAPPORT_CONFIG", "x"),
            ("RAPPORT_TEST_SEED", "1"),
            ("RAPPORT_BENCH_PROFILE", "full"),
            ("RAPPORT_CORE_BIN", "x"),
            ("PATH", "x"),
        ];
        let config = gather(Some(&file), &variables).unwrap();
        assert_eq!((config.calls, config.connections, config.reflection), (7, 6, false));
        assert_eq!((config.log.as_str(), config.data_dir.to_str()), ("debug", Some("here")));
    }

    #[test]
    fn a_file_that_cannot_be_read_hides_no_other_fault() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("rapport.toml");
        let variables = [("RAPPORT_GRPC_LISTEN", "nowhere"), ("RAPPORT_COLOUR", "3")];
        let missing = faults(gather(Some(&file), &variables));
        let expected = [
            format!("{}: there is no such file", file.display()),
            "RAPPORT_COLOUR: no such setting".to_owned(),
        ];
        assert_eq!(missing[..2], expected);
        assert!(missing[2].starts_with("grpc_listen: ") && missing.len() == 3, "{missing:?}");

        std::fs::write(&file, "grpc_listen = [").unwrap();
        let broken = faults(gather(Some(&file), &variables));
        assert!(broken[0].contains("TOML"), "{broken:?}");
        assert_eq!(broken[1..], missing[1..]);
    }

    #[test]
    fn a_word_that_is_no_level_is_no_log_setting() {
        for good in [
            "error",
            "warn",
            "INFO",
            "debug",
            "trace",
            "off",
            "info,rapport_core=debug",
            "rapport_core=trace",
        ] {
            assert_eq!(set(&[("RAPPORT_LOG", good)]).unwrap().log, good);
        }
        for bad in ["verbose", "", "rapport_core", "info,x=loud"] {
            let faults = faults(set(&[("RAPPORT_LOG", bad)]));
            assert!(faults.len() == 1 && faults[0].starts_with("log: "), "{bad:?}: {faults:?}");
        }
    }

    #[test]
    fn two_listeners_want_two_ports() {
        let listen = |grpc, admin| set(&[("RAPPORT_GRPC_LISTEN", grpc), ("RAPPORT_ADMIN_LISTEN", admin)]);
        for (grpc, admin) in [("127.0.0.1:8081", "127.0.0.1:8081"), ("0.0.0.0:8081", "127.0.0.1:8081")] {
            let faults = faults(listen(grpc, admin));
            assert!(faults.len() == 1 && faults[0].starts_with("admin_listen: "), "{faults:?}");
        }
        listen("127.0.0.1:0", "127.0.0.1:0").unwrap();
        listen("127.0.0.1:8081", "127.0.0.2:8081").unwrap();
    }

    #[test]
    fn a_master_key_that_cannot_be_used_is_a_fault_and_a_missing_one_is_none() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("master.key");
        let variables = [("RAPPORT_MASTER_KEY_FILE", file.to_str().unwrap())];
        set(&variables).unwrap();
        MasterKey::create(&file, std::array::from_fn(|i| u8::try_from(i).unwrap())).unwrap();
        set(&variables).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let exposed = faults(set(&variables));
        assert!(exposed.len() == 1 && exposed[0].contains("mode 640"), "{exposed:?}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&file, "short").unwrap();
        let malformed = faults(set(&variables));
        assert!(malformed.len() == 1 && malformed[0].starts_with("master_key_file: "), "{malformed:?}");
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
