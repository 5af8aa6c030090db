//! The disk under the database is full, and then it is not.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rapport_tests::client::request_id;
use rapport_tests::expect::refused;
use rapport_tests::postgres::{IN_NAMESPACE, PrivateCluster, sql};
use rapport_tests::proto::chats::v1::{Message, SendMessageRequest};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::wait::until;
use rapport_tests::world::{Shape, Wishes, World};
use tempfile::TempDir;

/// How soon after there is room again a message is taken.
const HEALED: Duration = Duration::from_secs(15);

/// How many refusals are enough to call the disk full.
const REFUSALS: usize = 20;

/// A small file system in memory; unmounted when dropped.
#[derive(Debug)]
struct SmallDisk(Option<TempDir>);

impl SmallDisk {
    /// Mounts one of so many MiB; `None` where this process may not mount.
    fn mount(size: u32) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let options = format!("size={size}m,mode=0711");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(Some(folder))),
            _ => None,
        }
    }

    fn path(&self) -> &Path {
        self.0.as_ref().unwrap().path()
    }

    /// Takes all the room that is left.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut filler = File::create(&path).unwrap();
        for size in [64 << 10, 4 << 10, 512, 1] {
            while filler.write_all(&vec![b'x'; size]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let folder = self.0.take().unwrap();
        let output = Command::new("umount").arg(folder.path()).output().unwrap();
        let failed = std::thread::panicking();
        assert!(failed || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Mounts a small disk, or runs the calling test again where mounting is allowed: in a namespace of its own. `None` says that it ran
/// there and has passed.
fn small_disk(size: u32) -> Option<SmallDisk> {
    if let Some(disk) = SmallDisk::mount(size) {
        return Some(disk);
    }
    assert!(
        std::env::var_os(IN_NAMESPACE).is_none(),
        "even in a namespace of its own this process may not mount"
    );
    let thread = std::thread::current();
    let test = thread.name().expect("a test's thread has the test's name");
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(IN_NAMESPACE, "1")
        .status()
        .expect("unshare starts");
    assert!(
        status.success(),
        "{test} failed in a namespace of its own (to run it, mounting must be allowed: as root, or by unshare)"
    );
    None
}

async fn a_full_disk_is_said_and_heals(world: &World, disk: &SmallDisk) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut ears = visitor.listen().await;
    let text = "x".repeat(7_000);
    let mut acknowledged = vec![visitor.send(&chat, "before").await.unwrap()];

    let filler = disk.fill();
    let send = |text: &str| SendMessageRequest {
        chat_id: chat.clone(),
        request_id: request_id(),
        text: text.to_owned(),
        internal: false,
    };
    // A database that gives back room of its own takes a message more now and then; in the end each is refused.
    let mut blocked = Vec::new();
    for number in 0.. {
        let request = send(&format!("{number} {text}"));
        match visitor.client.send_message(request.clone()).await {
            Ok(answer) => acknowledged.push(answer.message.unwrap()),
            Err(error) => {
                refused(Err::<(), _>(error), Reason::StoreFull);
                blocked.push(request);
            }
        }
        if blocked.len() == REFUSALS {
            break;
        }
        assert!(number < 5_000, "the disk is full some time");
    }
    let stored = visitor.messages(&chat).await.expect("what is stored can be read");
    assert_same(&stored[1..], &acknowledged, "nothing acknowledged is lost, nothing refused is stored");
    assert!(world.core().is_running());

    fs::remove_file(filler).unwrap();
    for request in blocked {
        let healed = until("there is room again", HEALED, || async {
            visitor.client.send_message(request.clone()).await.ok()
        });
        acknowledged.push(healed.await.message.unwrap());
    }
    acknowledged.push(visitor.send(&chat, "after").await.unwrap());
    ears.message("after").await;
    assert_same(&ears.messages(), &acknowledged, "heard is what was acknowledged");
    world.core().restart().await;
    let stored = visitor.messages(&chat).await.unwrap();
    assert_same(&stored[1..], &acknowledged, "and so it is after a restart");
}

/// Compares without showing texts of seven thousand characters.
fn assert_same(got: &[Message], acknowledged: &[Message], what: &str) {
    let place = got.iter().zip(acknowledged).position(|(got, acknowledged)| got != acknowledged);
    assert!(
        got.len() == acknowledged.len() && place.is_none(),
        "{what}: {} of {} acknowledged, otherwise from place {place:?}",
        got.len(),
        acknowledged.len(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_loses_nothing_and_heals_sqlite() {
    let Some(disk) = small_disk(24) else { return };
    let wishes = Wishes { data_dir: Some(disk.path().to_owned()), ..Wishes::default().loud() };
    let world = World::with(Shape::Sqlite, wishes).await;
    a_full_disk_is_said_and_heals(&world, &disk).await;
    drop(world);
    drop(disk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_loses_nothing_and_heals_postgres() {
    let Some(disk) = small_disk(48) else { return };
    let cluster = PrivateCluster::start(None);
    let space = disk.path().join("space");
    fs::create_dir(&space).unwrap();
    fs::set_permissions(&space, fs::Permissions::from_mode(0o700)).unwrap();
    cluster.give(&space);
    sql(&cluster.admin_url(), &[&format!("CREATE TABLESPACE small LOCATION '{}'", space.display())]);
    let postgres = Some((cluster.admin_url(), Some("small".to_owned())));
    let world = World::with(Shape::Postgres, Wishes { postgres, ..Wishes::default().loud() }).await;
    a_full_disk_is_said_and_heals(&world, &disk).await;
    drop(world);
    drop(cluster);
    drop(disk);
}
