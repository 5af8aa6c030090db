//! What the edge is told: see `rapport_host::settings` for where it comes from. All faults are told at once.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::Uri;
use ipnet::IpNet;
use rapport_host::{memory, redis, settings::Settings, spans::Export};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where browsers are served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Origins that are this installation's own besides the one a request's `Host` names.
    pub public_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What is shed or cut off.
    pub limits: Limits,
    /// Redis, where edges count limits together.
    pub redis: Option<redis::Target>,
    /// What names are made with there; not a setting: all edges of an installation have one.
    pub shared_key: String,
    /// Whether a page that shows the widget is served too; not a setting: the demo has one.
    pub demo: bool,
}

/// What is shed or cut off.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How many connections may be open at once.
    pub connections: usize,
    /// How many requests a second one address may make; twice as many at once.
    pub address_requests: u32,
    /// How many sockets one address may hold.
    pub address_sockets: usize,
    /// How many requests or frames a second one session may send; twice as many at once.
    pub session_requests: u32,
    /// How many sockets one member or visitor may hold.
    pub session_sockets: usize,
    /// How many calls that cost a password's hashing one address may make in a minute.
    pub sign_ins: u32,
    /// How long a socket's reader may stand still.
    pub slow_reader: Duration,
}

impl Config {
    /// Reads the settings.
    pub fn read(settings: &mut Settings) -> Self {
        Self {
            listen: settings.get("edge_listen", SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_origins: settings.list("public_origins", |text| {
                if rapport_proto::validate::is_origin(text) {
                    Ok(text.to_owned())
                } else {
                    Err("is not an origin such as https://support.example".to_owned())
                }
            }),
            trusted_proxies: settings.list("trusted_proxies", |text| {
                let net = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
                net.map_err(|_| "is neither an address nor a network such as 10.0.0.0/8".to_owned())
            }),
            limits: Limits {
                connections: settings.within("limits.connections", 10_000, 1, 1_000_000) as usize,
                address_requests: settings.within("limits.address_requests", 100, 1, 1_000_000),
                address_sockets: settings.within("limits.address_sockets", 50, 1, 1_000_000) as usize,
                session_requests: settings.within("limits.session_requests", 20, 1, 1_000_000),
                session_sockets: settings.within("limits.session_sockets", 10, 1, 1_000_000) as usize,
                sign_ins: settings.within("limits.sign_ins", 30, 1, 1_000_000),
                slow_reader: Duration::from_millis(
                    settings.within("limits.slow_reader_ms", 15_000, 100, 600_000).into(),
                ),
            },
            redis: redis::Target::read(settings),
            shared_key: String::new(),
            demo: false,
        }
    }
}

/// How an edge of its own process is told where core is.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The cores.
    pub cores: Vec<Uri>,
    /// What the cores know this edge by.
    pub edge_key: String,
    /// Where `/metrics`, `/livez` and `/readyz` are served.
    pub admin_listen: SocketAddr,
    /// What is logged.
    pub log: String,
    /// Where traces are sent.
    pub traces: Option<Export>,
    /// How much memory there is, where that is limited.
    pub memory: Option<memory::Budget>,
}

impl Remote {
    /// Reads the settings; there is no default for the key.
    pub fn read(settings: &mut Settings) -> Self {
        let cores = settings.list("core_urls", |text| match text.parse::<Uri>() {
            Ok(uri) if uri.scheme_str() == Some("http") && uri.host().is_some() => Ok(uri),
            _ => Err("is not an address such as http://core:8083".to_owned()),
        });
        if cores.is_empty() {
            settings.fault("core_urls: name at least one core, such as http://core:8083".to_owned());
        }
        let file: Option<PathBuf> = settings.get("edge_key_file", None);
        let edge_key = match &file {
            None => Err("edge_key_file: name the file with the key that the cores were given".to_owned()),
            Some(file) => read_key(file).map_err(|why| format!("edge_key_file: {}: {why}", file.display())),
        };
        let edge_key = edge_key.unwrap_or_else(|fault| {
            settings.fault(fault);
            String::new()
        });
        let remote = Self {
            cores,
            edge_key,
            admin_listen: settings.get("admin_listen", SocketAddr::from(([127, 0, 0, 1], 8082))),
            log: settings.log(),
            traces: settings.traces(),
            memory: memory::Budget::read(settings),
        };
        let listen = settings.get("edge_listen", SocketAddr::from(([127, 0, 0, 1], 8080)));
        settings.distinct(&[("edge_listen", listen), ("admin_listen", remote.admin_listen)]);
        remote
    }
}

/// A key of at least 32 bytes in base64, in a file that only its owner reads.
fn read_key(file: &std::path::Path) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::metadata(file).map_err(|why| why.to_string())?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!("has mode {mode:o}: others can read it; chmod 600"));
    }
    let text = std::fs::read_to_string(file).map_err(|why| why.to_string())?;
    let text = text.trim();
    match BASE64_STANDARD.decode(text) {
        Ok(key) if key.len() >= 32 => Ok(text.to_owned()),
        _ => Err("must hold at least 32 bytes in base64".to_owned()),
    }
}
