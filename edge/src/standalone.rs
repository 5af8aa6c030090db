//! Core and edge in one process: core's own stack is handed over as a tower service.

use rapport_core::{
    error::{Error, Result},
    program::{self, Inside, Started},
};
use rapport_host::settings::Settings;

use crate::{config::Config, server, upstream::Upstream};

/// The edge beside core.
#[derive(Debug)]
pub struct Beside(Config);

impl program::Beside for Beside {
    fn read(settings: &mut Settings) -> Self {
        Self(Config::read(settings))
    }

    async fn start(self, inside: Inside) -> Result<Started> {
        let (upstream, config) = (
            Upstream::within(inside.core),
            Config { demo: inside.demo, shared_key: inside.shared_key, ..self.0 },
        );
        let (address, readiness) =
            server::start(config, upstream, inside.readiness, inside.stopping, inside.tasks)
                .await
                .map_err(Error::internal)?;
        Ok(Started {
            url: Some(format!("http://{address}")),
            pages: pages(),
            places: format!(" edge={address}"),
            readiness,
        })
    }
}

/// What people can open, as far as it is built in.
fn pages() -> Vec<(&'static str, &'static str)> {
    #[cfg(feature = "web")]
    match rapport_web::MISSING {
        None => vec![("agents work at", "/sign-in?workspace=demo"), ("customers write at", "/demo/")],
        Some(_) => vec![("what the portal and the widget lack to be built", "/")],
    }
    #[cfg(not(feature = "web"))]
    Vec::new()
}
