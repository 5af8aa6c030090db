//! The schema of Rapport as frozen history.
//!
//! Every step is SQL text, written once for both engines: a few words in braces stand for what the engines spell differently
//! (see [`ddl`]). A step that has been released is never edited; a change is a new step. `rapport-core migrate` applies them.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod ddl;
mod m20261122_000001_kernel;

/// All steps, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261122_000001_kernel::Migration)]
    }
}
