//! `StartChat`: a visitor opens a chat and, with a text, sends its first message in the same breath.

use std::sync::Arc;

use rapport_proto::chats::v1::{self as pb, ChatState};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

use super::{
    convert,
    entity::{chat, message},
    error::ChatError,
    previewed, send_message,
    view::{self, ChatView, Side},
};
use crate::{
    app::App,
    caller::Caller,
    customers::{self, Introduction},
    db::{TenantTx, Unit, hot::MessageRow},
    error::{Error, Reason, Result},
    idempotency::{self, Once},
    ids::{ChatId, CustomerId, DepartmentId, MessageId},
    tenants,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    req: pb::StartChatRequest,
) -> Result<pb::StartChatResponse> {
    let unit = StartChat {
        once: Once::new("StartChat", caller.id(), &req.request_id, &req)?,
        said: Introduction { visitor: caller.visitor()?, name: req.name, email: req.email },
        department: if req.department_id.is_empty() { None } else { Some(req.department_id.parse()?) },
        caller: Arc::clone(caller),
        text: req.text,
        page_url: req.page_url,
        chat_id: app.ids.make(),
        customer_id: app.ids.make(),
        message_id: app.ids.make(),
    };
    app.db.write(&caller.scope, unit).await
}

struct StartChat {
    once: Once,
    said: Introduction,
    department: Option<DepartmentId>,
    caller: Arc<Caller>,
    text: String,
    page_url: String,
    chat_id: ChatId,
    customer_id: CustomerId,
    message_id: MessageId,
}

impl Unit for StartChat {
    type Out = pb::StartChatResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<pb::StartChatResponse> {
        if let Some(earlier) = self.once.earlier(tx).await? {
            return Ok(self.with_first(earlier));
        }
        self.check(tx).await?;
        let customer = customers::remember(tx, &self.said, self.customer_id).await?;
        tx.insert(chat::ActiveModel {
            chat_id: Set(self.chat_id),
            customer_id: Set(customer.customer_id),
            visitor_id: Set(self.said.visitor),
            department_id: Set(self.department),
            assignee_id: Set(None),
            state: Set(i16::try_from(i32::from(ChatState::Waiting)).unwrap_or_default()),
            page_url: Set(self.page_url.clone()),
            close_reason: Set(String::new()),
            created_at: Set(tx.now().0),
            claimed_at: Set(None),
            closed_at: Set(None),
            revision: Set(1),
            ..Default::default()
        })
        .await?;
        let first = if self.text.is_empty() { None } else { Some(self.add_first(tx).await?) };
        let chat = view::load(tx.read(), self.chat_id).await?.ok_or(ChatError::NotFound)?;
        chat.emit(tx);
        if let Some(row) = first {
            self.tell_first(tx, &row, &chat);
        }
        let response = pb::StartChatResponse { chat: Some(convert::chat(&chat, Side::Customer)) };
        self.once.keep(tx, &response).await?;
        Ok(self.with_first(response))
    }
}

impl StartChat {
    async fn check(&self, tx: &TenantTx<'_>) -> Result<()> {
        if let Some(department) = self.department
            && !tenants::department_exists(tx.read(), department).await?
        {
            return Err(Error::not_found("department"));
        }
        // The first message carries the same request id; one of an earlier message cannot be used again.
        let used = message::Entity::find()
            .filter(message::Column::SenderId.eq(self.said.visitor.uuid()))
            .filter(message::Column::RequestId.eq(self.once.request_id()));
        if tx.read().one(used).await?.is_some() {
            return Err(Error::new(
                Reason::RequestIdReused,
                "this request_id was used before with another body",
            ));
        }
        Ok(())
    }

    async fn add_first(&self, tx: &TenantTx<'_>) -> Result<MessageRow> {
        let row = MessageRow {
            tenant_id: tx.tenant(),
            chat_id: self.chat_id,
            seq: 1,
            message_id: self.message_id,
            sender_kind: send_message::kind(&self.caller),
            sender_id: self.said.visitor.uuid(),
            text: self.text.clone(),
            internal: false,
            request_id: self.once.request_id(),
            body_hash: idempotency::hash(&[b"StartChat", self.text.as_bytes()]),
            sent_at: tx.now().0,
        };
        tx.insert(message::ActiveModel {
            chat_id: Set(row.chat_id),
            seq: Set(row.seq),
            message_id: Set(row.message_id),
            sender_kind: Set(row.sender_kind),
            sender_id: Set(row.sender_id),
            text: Set(row.text.clone()),
            internal: Set(row.internal),
            request_id: Set(row.request_id),
            body_hash: Set(row.body_hash.clone()),
            sent_at: Set(row.sent_at),
            ..Default::default()
        })
        .await?;
        Ok(row)
    }

    /// The answer with its message, which is not stored with it: the request has it, and both are of one moment.
    fn with_first(&self, mut response: pb::StartChatResponse) -> pb::StartChatResponse {
        let said = |chat: &pb::Chat| pb::LastMessage {
            seq: chat.last_seq,
            sender: chat.customer.as_ref().map(|customer| pb::Sender {
                kind: pb::SenderKind::Customer.into(),
                id: customer.visitor_id.clone(),
                name: customer.name.clone(),
            }),
            text: previewed::beginning(&self.text),
            internal: false,
            sent_at: chat.created_at,
        };
        if let Some(chat) = response.chat.as_mut().filter(|_| !self.text.is_empty()) {
            chat.last_message = Some(said(chat));
        }
        response
    }

    fn tell_first(&self, tx: &mut TenantTx<'_>, row: &MessageRow, chat: &ChatView) {
        let sender = view::sender(&self.caller, &chat.customer_name);
        tx.emit(send_message::told(row, sender, chat.staff(), chat.visitor_id));
    }
}
