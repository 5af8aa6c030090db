//! The write-ahead log of SQLite: what is in it gets into the file while the core serves, not only at its end.

use std::fs;

use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Shape, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_soon_in_the_file_itself() {
    let world = World::boot(Shape::Sqlite).await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    let file = world.core().data_dir().join("rapport.db");
    let holds = |text: &str| {
        let bytes = fs::read(&file).unwrap();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    };
    for text in ["a needle in the hay", "another needle"] {
        visitor.send(&chat, text).await.unwrap();
        until(text, PATIENCE, || async { holds(text).then_some(()) }).await;
    }
}
