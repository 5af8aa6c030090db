//! `SetTyping`: told to whoever listens now, kept nowhere.

use std::sync::Arc;

use rapport_proto::{
    chats::v1::{self as pb, ChatState},
    events::v1::Typing,
};

use super::{error::ChatError, view};
use crate::{app::App, caller::Caller, error::Result, events::feed::Ephemeral};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::SetTypingRequest,
) -> Result<pb::SetTypingResponse> {
    let chat = view::visible(app, caller, req.chat_id.parse()?).await?;
    if chat.state() == ChatState::Closed {
        return Err(ChatError::Closed.into());
    }
    let sender = view::sender(caller, &chat.customer_name);
    let typing = Typing { chat_id: req.chat_id, sender: Some(sender), typing: req.typing };
    app.feeds.tell(caller.tenant(), Ephemeral { audience: chat.audience(), except: caller.id(), typing });
    Ok(pb::SetTypingResponse {})
}
