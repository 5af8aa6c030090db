//! Pages of long texts end at 512 KiB of text, and the next one begins where they ended.

use prost::Message as _;
use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::events::v1::ReadRequest;
use rapport_tests::proto::tickets::v1 as tickets;
use rapport_tests::world::World;

on_both![
    pages_of_long_messages_end_early_and_go_on_up_and_down,
    pages_of_long_comments_end_early_and_go_on,
    pages_of_the_log_end_early_and_go_on,
];

/// How much text a page has at most.
const PAGE: usize = 512 * 1024;
/// As many rows as a page may have; none of these is that long.
const ROWS: u32 = 200;
const LONG: usize = 40;

/// Texts that are told from each other, as long as may be, of four bytes a character.
fn long(number: usize, characters: usize) -> String {
    format!("{number:04}{}", "𝕏".repeat(characters - 4))
}

/// Each page has as much as fits, and no more; `sizes` are those of its rows.
#[track_caller]
fn filled(pages: &[Vec<usize>]) {
    assert!(pages.len() > 2, "{pages:?}");
    for (page, next) in pages.iter().zip(&pages[1..]) {
        let sum: usize = page.iter().sum();
        assert!(sum <= PAGE && sum + next[0] > PAGE, "{sum} bytes, and {} would follow", next[0]);
    }
    assert!(pages[pages.len() - 1].iter().sum::<usize>() <= PAGE);
}

async fn pages_of_long_messages_end_early_and_go_on_up_and_down(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat(&long(1, 8_000)).await.chat_id;
    for number in 2..=LONG {
        visitor.send(&chat, &long(number, 8_000)).await.unwrap();
    }
    let expected: Vec<_> = (1..=LONG).map(|number| long(number, 8_000)).collect();
    for before_seq in [0, 1_000] {
        let mut request = chats::ListMessagesRequest {
            chat_id: chat.clone(),
            before_seq,
            page_size: ROWS,
            ..Default::default()
        };
        let mut pages = Vec::new();
        loop {
            let page = visitor.client.list_messages(request.clone()).await.unwrap();
            pages.push(page.messages.into_iter().map(|message| message.text).collect::<Vec<_>>());
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        let mut sizes: Vec<Vec<_>> =
            pages.iter().map(|page| page.iter().map(String::len).collect()).collect();
        if before_seq > 0 {
            // Read downwards: the last of a page is the first that was taken.
            pages.reverse();
            for page in &mut sizes {
                page.reverse();
            }
        }
        filled(&sizes);
        assert!(pages.concat() == expected, "before {before_seq}: another text, or in another order");
    }
}

async fn pages_of_long_comments_end_early_and_go_on(world: &World) {
    let vera = world.visitor().await;
    let ticket = vera.ask("Help", &long(1, 10_000)).await.ticket_id;
    for number in 2..=LONG {
        vera.comment(&ticket, &long(number, 10_000)).await.unwrap();
    }
    let mut request =
        tickets::ListCommentsRequest { ticket_id: ticket, page_size: ROWS, ..Default::default() };
    let mut pages = Vec::new();
    loop {
        let page = vera.client.list_comments(request.clone()).await.unwrap();
        pages.push(page.comments.into_iter().map(|comment| comment.text).collect::<Vec<_>>());
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let sizes: Vec<Vec<_>> = pages.iter().map(|page| page.iter().map(String::len).collect()).collect();
    filled(&sizes);
    let expected: Vec<_> = (1..=LONG).map(|number| long(number, 10_000)).collect();
    assert!(pages.concat() == expected, "another text, or in another order");
}

async fn pages_of_the_log_end_early_and_go_on(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat(&long(1, 8_000)).await.chat_id;
    for number in 2..=LONG {
        visitor.send(&chat, &long(number, 8_000)).await.unwrap();
    }
    let read = async |page_size: u32| {
        let mut request = ReadRequest { page_size, ..Default::default() };
        let mut pages = Vec::new();
        loop {
            let page = visitor.client.read(request.clone()).await.unwrap();
            pages.push(page.items);
            if page.at_end {
                return pages;
            }
            request.cursor = page.cursor;
        }
    };
    let pages = read(ROWS).await;
    let sizes = |page: &Vec<_>| page.iter().map(size).collect();
    filled(&pages.iter().map(sizes).collect::<Vec<Vec<_>>>());
    let one_by_one: Vec<_> = read(1).await.concat();
    assert!(pages.concat() == one_by_one, "an event too many, or one too few");
    assert_eq!(one_by_one.len(), LONG + 1, "the messages and the chat");
}

fn size(item: &rapport_tests::proto::events::v1::LoggedEvent) -> usize {
    item.event.as_ref().unwrap().encoded_len()
}
