//! `SetTyping`: told to whoever listens now, kept nowhere.

use std::sync::Arc;

use rapport_proto::{
    chats::v1::{self as pb, ChatState},
    events::v1::Typing,
};

use super::{error::ChatError, view};
use crate::{
    app::App,
    caller::Caller,
    error::Result,
    events::{Audience, feed::Ephemeral},
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::SetTypingRequest,
) -> Result<pb::SetTypingResponse> {
    let chat = view::visible(app, caller, req.chat_id.parse()?).await?;
    if chat.state() == ChatState::Closed {
        return Err(ChatError::Closed.into());
    }
    let tell = |audience, except, sender| {
        let typing = Typing { chat_id: req.chat_id.clone(), sender: Some(sender), typing: req.typing };
        app.feeds.tell(caller.tenant(), Ephemeral { audience, except, typing, from_afar: false });
    };
    let (sender, shown) = (view::sender(caller, &chat.customer_name), chat.sender_for_visitor(caller));
    if sender == shown {
        tell(chat.audience(), Some(caller.principal), sender);
    } else {
        tell(chat.staff(), Some(caller.principal), sender);
        // Without a name the staff is one to the visitor, however many write: nobody is left out, and all are told as one.
        tell(Audience::visitor(chat.visitor_id), None, shown);
    }
    Ok(pb::SetTypingResponse {})
}
