//! Stores that cannot be served as they are: damaged, lost, cut short, of another version; and keys that others may read.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rapport_tests::actors::{Staff, Visitor};
use rapport_tests::client::{Item, SubscribeOptions, request_id};
use rapport_tests::dynamic::{call, method};
use rapport_tests::expect::refused;
use rapport_tests::postgres::{PrivateCluster, sql};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::ResetCause;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Shape, Wishes, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::tab::browser;

const MESSAGES: u32 = 200;

/// A chat of some length, and who reads it.
struct Chat {
    world: World,
    ada: Staff,
    visitor: Visitor,
    id: String,
}

impl Chat {
    async fn hold() -> Self {
        let world = World::boot(Shape::Sqlite).await;
        let (ada, visitor) = (world.agent("Ada").await, world.visitor().await);
        let id = visitor.start_chat("needle 1 ").await.chat_id;
        for number in 2..=MESSAGES {
            visitor.send(&id, &format!("needle {number} {}", "x".repeat(1_000))).await.unwrap();
        }
        Self { world, ada, visitor, id }
    }

    fn database(&self) -> PathBuf {
        self.world.core().data_dir().join("rapport.db")
    }

    async fn stop(&self) {
        self.world.core().terminate().await;
        let left = fs::exists(self.database().with_extension("db-wal")).unwrap();
        assert!(!left, "a core that goes in good order leaves one file");
    }

    fn refuses_to_serve(&self, why: &str) {
        let refused = self.world.core().try_run(&["serve"]).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }

    async fn has_everything(&self) {
        let messages = self.ada.messages(&self.id).await.unwrap();
        let seqs: Vec<_> = messages.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, (1..=MESSAGES).collect::<Vec<_>>());
    }
}

/// Writes nonsense over the head of every page that holds this text; the first page, which says what the file is, stays.
fn spoil(database: &Path, text: &str) -> usize {
    const PAGE: usize = 4096;
    let content = fs::read(database).unwrap();
    let file = OpenOptions::new().write(true).open(database).unwrap();
    let pages = content.chunks(PAGE).enumerate().skip(1);
    let holds = |page: &[u8]| page.windows(text.len()).any(|window| window == text.as_bytes());
    let spoiled = pages.filter(|(_, page)| holds(page)).map(|(number, _)| {
        file.write_all_at(&[0xff; 16], u64::try_from(number * PAGE).unwrap()).unwrap();
    });
    spoiled.count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_page_ends_all_writing_is_said_and_is_refused_at_the_next_start() {
    let chat = Chat::hold().await;
    let core = chat.world.core();
    chat.stop().await;
    let sound = fs::read(chat.database()).unwrap();
    assert!(spoil(&chat.database(), "needle 100 ") > 0);
    core.restart().await;
    // Nobody has looked yet: what lies elsewhere is served.
    chat.ada.chat(&chat.id).await.unwrap();
    let raw = chat.world.raw(Some(&chat.visitor.visit().await.access_token));
    let read = async || {
        let mut body = json!({ "chatId": chat.id, "pageSize": 200 });
        loop {
            let page = call(&raw, method("ChatService.ListMessages"), &body).await?;
            match page["nextPageToken"].as_str() {
                Some(token) if !token.is_empty() => body["pageToken"] = token.into(),
                _ => return Ok(page),
            }
        }
    };
    refused(read().await, Reason::StoreUnavailable);
    let body = json!({ "chatId": chat.id, "requestId": request_id(), "text": "more" });
    refused(call(&raw, method("ChatService.SendMessage"), &body).await, Reason::StoreUnavailable);
    let body = json!({ "requestId": request_id(), "text": "another" });
    refused(call(&raw, method("ChatService.StartChat"), &body).await, Reason::StoreUnavailable);
    chat.ada.chat(&chat.id).await.unwrap();
    let answer = browser().get(format!("http://{}/readyz", core.admin())).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
    let said: Value = answer.json().await.unwrap();
    assert_eq!(
        (&said["database"]["ok"], &said["database"]["sound"]),
        (&json!(false), &json!(false)),
        "{said}"
    );

    core.terminate().await;
    for _ in 0..2 {
        chat.refuses_to_serve("the database is damaged; put a backup back");
    }
    fs::write(chat.database(), sound).unwrap();
    core.restart().await;
    chat.has_everything().await;
    chat.visitor.send(&chat.id, "and on").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_is_no_new_one_until_a_backup_is_put_back_or_somebody_says_so() {
    let chat = Chat::hold().await;
    let core = chat.world.core();
    let folder = TempDir::new().unwrap();
    let backup = folder.path().join("backup").to_str().unwrap().to_owned();
    assert!(core.run(&["backup", &backup]).ends_with("compared"));
    chat.stop().await;
    let (database, lock) = (chat.database(), chat.database().with_extension("db.lock"));
    let gone = "the database is empty, but there was a store in it";
    for lose in
        [|path: &Path| drop(File::create(path).unwrap()), |path: &Path| fs::remove_file(path).unwrap()]
    {
        lose(&database);
        chat.refuses_to_serve(gone);
        let refused = core.try_run(&["operator-token"]).unwrap_err();
        assert!(refused.contains(gone), "{refused}");
    }
    assert_eq!(core.run(&["migrate"]), "");
    chat.refuses_to_serve(gone);
    assert!(core.run(&["restore", &backup]).ends_with("compared"));
    core.restart().await;
    chat.has_everything().await;

    core.terminate().await;
    fs::remove_file(&database).unwrap();
    fs::remove_file(lock).unwrap();
    core.restart().await;
    assert!(core.setup_token().is_some(), "an empty store, because somebody said so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_database_and_a_key_that_others_may_read_are_refused() {
    let chat = Chat::hold().await;
    chat.stop().await;
    let key = chat.world.deployment().master_key_file();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    chat.refuses_to_serve("readable by others than its owner (mode 644)");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    let sound = fs::read(chat.database()).unwrap();
    let file = OpenOptions::new().write(true).open(chat.database()).unwrap();
    file.write_all_at(b"this is no head of a database", 0).unwrap();
    chat.refuses_to_serve("file is not a database");
    fs::write(chat.database(), &sound[..sound.len() / 2]).unwrap();
    chat.refuses_to_serve("malformed");
    fs::write(chat.database(), sound).unwrap();
    chat.world.core().restart().await;
    chat.has_everything().await;
}

/// What SQLite recovers from a journal that was cut short is a beginning of the history; whoever had heard more is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_was_cut_short_leaves_a_whole_beginning_and_readers_begin_anew() {
    let chat = Chat::hold().await;
    let core = chat.world.core();
    let journal = chat.database().with_extension("db-wal");
    let mut sent = MESSAGES;
    let (cursor, left) = loop {
        let cursor = chat.ada.log("").await.unwrap().last().unwrap().cursor.clone();
        core.kill9();
        let file = OpenOptions::new().write(true).open(&journal).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length * 3 / 4).unwrap();
        core.restart().await;
        let messages = chat.ada.messages(&chat.id).await.unwrap();
        let left = u32::try_from(messages.len()).unwrap();
        assert_eq!(messages.iter().map(|m| m.seq).collect::<Vec<_>>(), (1..=left).collect::<Vec<_>>());
        assert!((1..=sent).contains(&left), "{left} are left of {sent}");
        if left < sent {
            break (cursor, left);
        }
        // All had been copied into the database already. So few are not, for some seconds.
        assert!(sent < 2 * MESSAGES, "nothing is ever lost");
        for _ in 0..20 {
            chat.visitor.send(&chat.id, "more").await.unwrap();
        }
        sent += 20;
    };
    let mut ears = chat.ada.listen_to(SubscribeOptions { cursor: Some(cursor), ..Default::default() }).await;
    let cause = ears.next_matching("a reset", PATIENCE, |item| match item {
        Item::Reset { cause, .. } => Some(*cause),
        _ => None,
    });
    assert_eq!(cause.await, ResetCause::Restored);
    chat.visitor.send(&chat.id, "and on").await.unwrap();
    assert_eq!(ears.message("and on").await.seq, left + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_of_another_version_is_refused_in_words_and_brought_up_by_migrate() {
    let cluster = PrivateCluster::start(None);
    let wishes = Wishes { postgres: Some((cluster.admin_url(), None)), ..Wishes::default().loud() };
    let world = World::with(Shape::Postgres, wishes).await;
    let core = world.core();
    core.terminate().await;
    let url = cluster.database_url();
    let run = |statement: &str| tokio::task::block_in_place(|| sql(&url, &[statement]));
    run("INSERT INTO seaql_migrations VALUES ('m29991231_000001_future', 0)");
    for command in ["serve", "migrate"] {
        let refused = core.try_run(&[command]).unwrap_err();
        assert!(refused.contains("was made by a newer version of this program"), "{command}: {refused}");
        assert!(refused.contains("m29991231_000001_future"), "{command}: {refused}");
    }
    run("DELETE FROM seaql_migrations WHERE version LIKE 'm2999%'");
    // One step undone.
    run("DELETE FROM seaql_migrations WHERE version = 'm20261123_000008_retention'");
    run("DROP INDEX sessions_by_end, request_ids_by_end; ALTER TABLE request_ids DROP COLUMN expires_at");
    let refused = core.try_run(&["serve"]).unwrap_err();
    assert!(refused.contains("1 migration(s) behind; run: rapport-core migrate"), "{refused}");
    assert_eq!(core.run(&["migrate"]), "");
    core.restart().await;
    until("it serves", PATIENCE, || async { world.owner.chats(10).await.ok() }).await;
    drop(world);
    drop(cluster);
}
