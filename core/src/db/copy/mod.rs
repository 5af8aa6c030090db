//! A whole store, row by row, into an empty one of either engine: what backup, restore and move are made of.
//!
//! The source is read in one snapshot, so a backup may be made beside a core that serves. The copy is one transaction, which is counted and
//! compared before it commits: a target holds everything or nothing.

mod rows;
mod table;

use std::{fs, io, path::Path};

use rapport_migrations::{Migrator, MigratorTrait as _};
pub use rows::Copied;
use rows::Side;
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _, IsolationLevel, Set, Statement,
    TransactionTrait as _,
};
use table::Table;
use uuid::Uuid;

use super::{Engine, Opened, Target, connect, installation, open};
use crate::{
    clock::Micros,
    error::{Error, Result},
    keys::MasterKey,
    migrate,
};

/// Copies a store into a new file, for [`restore`].
pub async fn backup(store: &Target, file: &Path) -> Result<Vec<Copied>> {
    if fs::exists(file).map_err(|error| unusable(file, &error))? {
        return Err(Error::internal(format!("{} is there already", file.display())));
    }
    let source = existing(store).await?;
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = Path::new(&unfinished);
    let leave = || {
        for ending in ["", "-wal", "-shm", ".lock"] {
            let mut name = unfinished.as_os_str().to_owned();
            name.push(ending);
            let _ = fs::remove_file(name);
        }
    };
    leave();
    let copied = async {
        let target = open(&Target::Sqlite(unfinished.to_owned()), 2).await?;
        let copied = copy(&source, &target, None).await?;
        // One file, without a journal beside it.
        target.write().execute_unprepared("pragma journal_mode = delete").await?;
        target.close().await?;
        fs::File::open(unfinished)
            .and_then(|written| written.sync_all())
            .and_then(|()| fs::rename(unfinished, file))
            // The name, too, is to be there after a power cut.
            .and_then(|()| fs::File::open(unfinished.with_file_name(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(|error| unusable(file, &error))?;
        Ok(copied)
    };
    let copied = copied.await;
    leave();
    copied
}

/// Fills an empty store from the file of a backup. Its epoch is a new one: what readers saw after the backup was made did not happen.
pub async fn restore(file: &Path, store: &Target, master: &MasterKey, epoch: Uuid) -> Result<Vec<Copied>> {
    let source = connect::open_copy(file).await?;
    let row = installation::entity::Entity::find().one(source.read()).await?;
    let row = row.ok_or_else(|| Error::internal(format!("{} holds no store", file.display())))?;
    if !installation::is_of(&row, master) {
        return Err(Error::internal("the master key does not belong to this backup"));
    }
    copy(&source, &open(store, 2).await?, Some(epoch)).await
}

/// Fills another, empty store from this one, which nobody may serve meanwhile: what would be written to it after the copy would be lost.
pub async fn move_to(store: &Target, other: &Target, now: Micros) -> Result<Vec<Copied>> {
    let source = existing(store).await?;
    // A file's claim says who uses it; on a server the leases do.
    source.claim()?;
    let held = format!("select 1 from edge_leases where expires_at > {} limit 1", now.0);
    let held = Statement::from_string(source.engine().backend(), held);
    if source.engine() == Engine::Postgres && source.read().query_one_raw(held).await?.is_some() {
        return Err(Error::internal(
            "a core or an edge uses this database, or did so until less than a minute ago; stop all of them first",
        ));
    }
    copy(&source, &open(other, 2).await?, None).await
}

fn unusable(file: &Path, error: &io::Error) -> Error {
    Error::internal(format!("{}: {error}", file.display()))
}

/// Opens a store that is there; opening would make one.
async fn existing(store: &Target) -> Result<Opened> {
    if let Target::Sqlite(path) = store
        && !fs::exists(path).map_err(|error| unusable(path, &error))?
    {
        return Err(Error::internal(format!("there is no database at {}", path.display())));
    }
    Ok(open(store, 2).await?)
}

async fn copy(source: &Opened, target: &Opened, epoch: Option<Uuid>) -> Result<Vec<Copied>> {
    migrate::run(target).await?;
    let from = snapshot(source).await?;
    let to = patient(target.write().begin().await?, target.engine()).await?;
    let (here, known) = (table::steps(&from.tx).await?, Migrator::migrations());
    if here.len() != known.len() || known.iter().any(|step| !here.contains(step.name())) {
        return Err(Error::internal(
            "the store is of another version than this program: `migrate` brings an older one up, and a newer one is copied by the program that made it",
        ));
    }
    let tables = Table::all().await?;
    for table in &tables {
        if !table.is_empty(&to.tx).await? {
            return Err(Error::internal(format!("the target is not empty: it has rows in {}", table.name)));
        }
    }
    let mut copied = Vec::new();
    for table in &tables {
        let read = rows::copy(table, &from, &to).await?;
        let written = rows::sum(table, &to).await?;
        if read != written {
            return Err(Error::internal(format!("the copy differs: {read} was read, {written} is there")));
        }
        copied.push(written);
    }
    if let Some(epoch) = epoch {
        let row = installation::entity::ActiveModel { epoch: Set(epoch), ..Default::default() };
        installation::entity::Entity::update_many().set(row).exec(&to.tx).await?;
    }
    to.tx.commit().await?;
    Ok(copied)
}

/// What is there now, whatever is written meanwhile.
async fn snapshot(opened: &Opened) -> Result<Side> {
    let tx = match opened.engine() {
        Engine::Sqlite => opened.read().begin().await?,
        Engine::Postgres => {
            let level = (Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly));
            opened.read().begin_with_config(level.0, level.1).await?
        }
    };
    patient(tx, opened.engine()).await
}

/// A copy takes as long as it takes.
async fn patient(tx: DatabaseTransaction, engine: Engine) -> Result<Side> {
    if engine == Engine::Postgres {
        tx.execute_unprepared("set local statement_timeout = 0").await?;
        tx.execute_unprepared("set local idle_in_transaction_session_timeout = 0").await?;
    }
    let uuids = table::uuids(&tx).await?;
    Ok(Side { tx, engine, uuids })
}
