//! `GetChat`: one chat that the caller may see.

use std::sync::Arc;

use rapport_proto::chats::v1 as pb;

use super::{previewed, view::Side};
use crate::{app::App, caller::Caller, error::Result};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::GetChatRequest,
) -> Result<pb::GetChatResponse> {
    let found = previewed::visible(app, caller, req.chat_id.parse()?).await?;
    Ok(pb::GetChatResponse { chat: Some(found.answer(Side::of(caller))) })
}
