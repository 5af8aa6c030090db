//! The schema of Rapport as frozen history.
//!
//! Every step is SQL text, written once for both engines: a few words in braces stand for what the engines spell differently
//! (see [`ddl`]). A step that has been released is never edited; a change is a new step. `rapport-core migrate` applies them.
//!
//! A step that only adds what older programs need not know of (a column they may leave out, an index, a table) has a name that ends in
//! `_expands`: older programs go on serving under it. One that takes away or changes what they rest on has not, and comes a release later.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod ddl;
mod m20261122_000001_kernel;
mod m20261123_000002_tickets;
mod m20261123_000003_presence;
mod m20261123_000004_statistics;
mod m20261123_000005_widget;
mod m20261123_000006_customer_notes;
mod m20261123_000007_public_names;
mod m20261123_000008_retention;

/// All steps, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_kernel::Migration),
            Box::new(m20261123_000002_tickets::Migration),
            Box::new(m20261123_000003_presence::Migration),
            Box::new(m20261123_000004_statistics::Migration),
            Box::new(m20261123_000005_widget::Migration),
            Box::new(m20261123_000006_customer_notes::Migration),
            Box::new(m20261123_000007_public_names::Migration),
            Box::new(m20261123_000008_retention::Migration),
        ]
    }
}
