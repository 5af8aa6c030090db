//! A store as a file, back from the file, and from one engine to the other.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rapport_tests::client::{Item, SubscribeOptions};
use rapport_tests::core::{Beside, Core, Settings};
use rapport_tests::postgres::{Database, shared_admin_url};
use rapport_tests::process::program;
use rapport_tests::proto::events::v1::ResetCause;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::World;
use tempfile::TempDir;

on_both![
    a_backup_fills_an_empty_store_of_either_engine_and_readers_of_the_old_one_begin_anew,
    a_store_that_nobody_serves_moves_to_the_other_engine_and_readers_go_on,
];

const DONE: &str = "everything was copied, counted and compared";

/// A place for a store of its own, and what a core is started with there.
struct Place {
    folder: TempDir,
    database: Option<Database>,
    master_key_file: PathBuf,
}

impl Place {
    fn new(on_postgres: bool, master_key_file: &Path) -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            database: on_postgres.then(|| Database::create(&shared_admin_url(), None)),
            master_key_file: master_key_file.to_owned(),
        }
    }

    fn url(&self) -> String {
        let file = || format!("sqlite:{}", self.folder.path().join("rapport.db").display());
        self.database.as_ref().map_or_else(file, Database::url)
    }

    /// Runs a command of the program here: what it prints, or what it complains about.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(program("rapport-core"));
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RAPPORT_"))
        {
            command.env_remove(name);
        }
        let output = command
            .args(arguments)
            .env("RAPPORT_DATA_DIR", self.folder.path())
            .env("RAPPORT_DATABASE_URL", self.url())
            .env("RAPPORT_MASTER_KEY_FILE", &self.master_key_file)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    async fn core(&self) -> Core {
        let settings = Settings {
            data_dir: self.folder.path().to_owned(),
            database_url: Some(self.url()),
            master_key_file: self.master_key_file.clone(),
            beside: Beside::Nobody,
            env: Vec::new(),
            within: Vec::new(),
        };
        Core::start(settings).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(database) = &self.database {
            database.remove();
        }
    }
}

fn from(cursor: &str) -> SubscribeOptions {
    SubscribeOptions { cursor: Some(cursor.to_owned()), ..Default::default() }
}

async fn a_backup_fills_an_empty_store_of_either_engine_and_readers_of_the_old_one_begin_anew(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("Hello?").await.chat_id;
    agent.claim(&chat).await.unwrap();
    agent.note(&chat, "\u{1f642} a note").await.unwrap();
    agent.send(&chat, "Hi Vera!").await.unwrap();
    visitor.mark_read(&chat, 2).await.unwrap();
    let before = agent.messages(&chat).await.unwrap();
    let cursor = agent.log("").await.unwrap().last().unwrap().cursor.clone();

    let folder = TempDir::new().unwrap();
    let file = folder.path().join("backup.db");
    let name = file.to_str().unwrap();
    let said = world.core().run(&["backup", name]);
    let counted = said.lines().find(|line| line.starts_with("messages ")).unwrap();
    assert_eq!(counted.split_whitespace().nth(1), Some("3"), "{said}");
    assert_eq!(said.lines().last(), Some(DONE));
    let files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["backup.db"], "and no journal beside it");
    agent.send(&chat, "after the backup").await.unwrap();

    let other_key = TempDir::new().unwrap();
    let foreign = Place::new(false, &other_key.path().join("other.key"));
    assert!(foreign.run(&["restore", name]).unwrap_err().contains("other.key"));
    fs::write(&foreign.master_key_file, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    fs::set_permissions(&foreign.master_key_file, fs::Permissions::from_mode(0o600)).unwrap();
    let refused = foreign.run(&["restore", name]).unwrap_err();
    assert!(refused.contains("the master key does not belong to this backup"), "{refused}");
    for on_postgres in [false, true] {
        let place = Place::new(on_postgres, &world.deployment().master_key_file());
        let said = place.run(&["restore", name]).unwrap();
        assert_eq!(said.lines().last(), Some(DONE));
        let refused = place.run(&["restore", name]).unwrap_err();
        assert!(refused.contains("the target is not empty"), "{refused}");
        let core = place.core().await;
        let (agent, visitor) = (agent.through(&core.endpoint()), visitor.through(&core.endpoint()).await);
        assert_eq!(agent.messages(&chat).await.unwrap(), before);
        let mut ears = agent.listen_to(from(&cursor)).await;
        let cause = ears
            .next_matching("a reset", PATIENCE, |item| match item {
                Item::Reset { cause, .. } => Some(*cause),
                _ => None,
            })
            .await;
        assert_eq!(cause, ResetCause::Restored);
        visitor.send(&chat, "and on").await.unwrap();
        ears.message("and on").await;
        assert_eq!(agent.messages(&chat).await.unwrap().last().unwrap().seq, 4);
    }
}

async fn a_store_that_nobody_serves_moves_to_the_other_engine_and_readers_go_on(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("Hello?").await.chat_id;
    let cursor = agent.log("").await.unwrap().last().unwrap().cursor.clone();
    agent.claim(&chat).await.unwrap();
    agent.send(&chat, "Hi Vera!").await.unwrap();
    let (messages, events) = (agent.messages(&chat).await.unwrap(), agent.log(&cursor).await.unwrap());

    let here = world.core();
    let place = Place::new(world.shape().on_sqlite(), &world.deployment().master_key_file());
    let to = place.url();
    let refused = here.try_run(&["move", "--to", &to]).unwrap_err();
    assert!(refused.contains("stop"), "{refused}");
    here.terminate().await;
    let said =
        until("the core's lease is over", PATIENCE, || async { here.try_run(&["move", "--to", &to]).ok() })
            .await;
    assert_eq!(said.lines().last(), Some(DONE));

    let core = place.core().await;
    let agent = agent.through(&core.endpoint());
    assert_eq!(agent.messages(&chat).await.unwrap(), messages);
    let known: Vec<_> = agent.log(&cursor).await.unwrap().into_iter().map(|item| item.event).collect();
    assert_eq!(known, events.into_iter().map(|item| item.event).collect::<Vec<_>>());
    visitor.through(&core.endpoint()).await.send(&chat, "and on").await.unwrap();
    assert_eq!(agent.messages(&chat).await.unwrap().len(), messages.len() + 1);
}
