//! Which pages may hold the widget of a workspace (`frame-ancestors`): those of its allowed origins and our own; any page where the
//! workspace has no list.

use std::{net::IpAddr, sync::Arc};

use moka::sync::Cache;
use rapport_proto::{edge::v1::ListWidgetOriginsRequest, fault::Fault};

use super::origin::{self, AGE, REMEMBERED};
use crate::{rpc::invoke::fault, server::Edge};

/// The longest slug there is; a longer one is nobody's.
const LONGEST_SLUG: usize = 100;
/// What a page says that any page may hold.
const ANY: &str = "*";

/// What core said of workspaces a moment ago.
#[derive(Debug)]
pub struct Ancestors(Cache<String, Arc<str>>);

impl Default for Ancestors {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(REMEMBERED).time_to_live(AGE).build())
    }
}

impl Ancestors {
    /// The sources for the widget's page as a query asks for it. Where they are `None`, every page may hold it.
    pub(crate) async fn of(
        &self,
        edge: &Edge,
        query: Option<&str>,
        address: IpAddr,
        request_id: &str,
    ) -> Result<Option<Arc<str>>, Fault> {
        let slug = workspace(query.unwrap_or_default());
        if slug.is_empty() || slug.len() > LONGEST_SLUG {
            return Ok(None);
        }
        let sources = if let Some(known) = self.0.get(&slug) {
            known
        } else {
            let asked = ListWidgetOriginsRequest { workspace: slug.clone() };
            let request = origin::request(edge, asked, address, request_id)?;
            let told = origin::core(edge).list_widget_origins(request).await;
            let sources = sources(&told.map_err(|status| fault(&status))?.into_inner().origins);
            self.0.insert(slug, Arc::clone(&sources));
            sources
        };
        Ok((*sources != *ANY).then_some(sources))
    }
}

/// The workspace, read exactly as the page's script reads it: another reading would open a way around the list.
fn workspace(query: &str) -> String {
    let mut fields = form_urlencoded::parse(query.as_bytes());
    fields.find(|(name, _)| name == "workspace").map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn sources(origins: &[String]) -> Arc<str> {
    if origins.is_empty() { ANY.into() } else { format!("'self' {}", origins.join(" ")).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_a_workspace_as_a_browsers_own_reader_reads_it() {
        for (query, named) in [
            ("workspace=acme", "acme"),
            ("locale=es&workspace=acme&workspace=globex", "acme"),
            ("w%6Frkspace=%61cme", "acme"),
            ("workspace=a+b", "a b"),
            ("&&workspace=acme#x", "acme#x"),
            ("Workspace=acme", ""),
            ("workspace", ""),
            ("workspace=%zz%ff", "%zz\u{fffd}"),
            ("", ""),
        ] {
            assert_eq!(workspace(query), named, "{query}");
        }
    }

    #[test]
    fn a_list_lets_in_its_own_pages_and_ours_and_no_list_everybodys() {
        assert_eq!(&*sources(&[]), "*");
        let list = ["http://localhost:3000".to_owned(), "https://shop.example".to_owned()];
        assert_eq!(&*sources(&list), "'self' http://localhost:3000 https://shop.example");
    }
}
