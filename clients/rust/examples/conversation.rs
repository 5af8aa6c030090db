//! The README's conversation: a visitor asks, an agent hears it live, claims the chat and answers.
//!
//! `cargo run` in one terminal, `cargo run -p rapport-client --example conversation` in another; a data directory other than
//! `.rapport` is the argument.

use std::{error::Error, fs, path::Path};

use futures_util::StreamExt as _;
use rapport_client::{
    Client, Credentials, Item, SubscribeOptions,
    proto::{
        chats::v1::{ClaimChatRequest, SendMessageRequest, StartChatRequest},
        events::v1::event::Body,
    },
    request_id,
};
use serde_json::Value;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let data_dir = std::env::args().nth(1).unwrap_or_else(|| ".rapport".to_owned());
    let demo: Value = serde_json::from_str(&fs::read_to_string(Path::new(&data_dir).join("demo.json"))?)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (server, workspace) = (format!("http://{}", text(&demo["grpc_addr"])), text(&demo["workspace"]));

    let ada = &demo["agents"][0];
    let (email, password) = (text(&ada["email"]), text(&ada["password"]));
    let credentials = Credentials::Member { workspace: workspace.clone(), email, password };
    let agent = Client::connect(&*server).credentials(credentials).open()?;
    let mut heard = agent.subscribe(SubscribeOptions::default());
    // The first item says that everything from here on is heard.
    heard.next().await.ok_or("the stream ended")??;

    let visitor =
        Client::connect(&*server).credentials(Credentials::Visitor { workspace, secret: None }).open()?;
    let start = StartChatRequest {
        request_id: request_id(),
        name: "Vera".to_owned(),
        text: "Hello?".to_owned(),
        ..StartChatRequest::default()
    };
    let chat_id = visitor.start_chat(start).await?.chat.ok_or("no chat")?.chat_id;

    while let Some(item) = heard.next().await {
        let Item::Event { event, .. } = item? else { continue };
        let Some(Body::MessageSent(sent)) = event.body else { continue };
        let message = sent.message.filter(|message| message.chat_id == chat_id);
        let Some(message) = message else { continue };
        let sender = message.sender.unwrap_or_default();
        println!("{}. {}: {}", message.seq, sender.name, message.text);
        if message.seq > 1 {
            break;
        }
        agent.claim_chat(ClaimChatRequest { chat_id: chat_id.clone() }).await?;
        // However often this is repeated, over whatever connection: the same request_id is the same message.
        let answer = SendMessageRequest {
            chat_id: chat_id.clone(),
            request_id: request_id(),
            text: "Hi Vera!".to_owned(),
            internal: false,
        };
        agent.send_message(answer).await?;
    }
    Ok(())
}
