//! `ChatService` as tonic calls it: each rpc is its use case.

use std::sync::Arc;

use rapport_proto::chats::v1::{
    self as pb,
    chat_service_server::{ChatService, ChatServiceServer},
};
use tonic::{Request, Response, Status};

use super::{
    claim_chat, close_chat, count_chats, get_chat, get_transcript, list_chats, list_messages, mark_read,
    send_message, set_typing, start_chat, transfer_chat,
};
use crate::{app::App, layers::auth::admit};

/// The service, ready to be served.
#[must_use]
pub fn service(app: &Arc<App>) -> ChatServiceServer<impl ChatService + use<>> {
    ChatServiceServer::new(Service(Arc::clone(app)))
}

struct Service(Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ChatService for Service {
    async fn start_chat(&self, req: Request<pb::StartChatRequest>) -> Answer<pb::StartChatResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(start_chat::run(&self.0, &caller, req).await?))
    }

    async fn get_chat(&self, req: Request<pb::GetChatRequest>) -> Answer<pb::GetChatResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(get_chat::run(&self.0, &caller, req).await?))
    }

    async fn list_chats(&self, req: Request<pb::ListChatsRequest>) -> Answer<pb::ListChatsResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(list_chats::run(&self.0, &caller, req).await?))
    }

    async fn count_chats(&self, req: Request<pb::CountChatsRequest>) -> Answer<pb::CountChatsResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(count_chats::run(&self.0, &caller, req).await?))
    }

    async fn send_message(&self, req: Request<pb::SendMessageRequest>) -> Answer<pb::SendMessageResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(send_message::run(&self.0, &caller, req).await?))
    }

    async fn get_transcript(
        &self,
        req: Request<pb::GetTranscriptRequest>,
    ) -> Answer<pb::GetTranscriptResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(get_transcript::run(&self.0, &caller, req).await?))
    }

    async fn list_messages(&self, req: Request<pb::ListMessagesRequest>) -> Answer<pb::ListMessagesResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(list_messages::run(&self.0, &caller, req).await?))
    }

    async fn mark_read(&self, req: Request<pb::MarkReadRequest>) -> Answer<pb::MarkReadResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(mark_read::run(&self.0, &caller, req).await?))
    }

    async fn set_typing(&self, req: Request<pb::SetTypingRequest>) -> Answer<pb::SetTypingResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(set_typing::run(&self.0, &caller, req).await?))
    }

    async fn claim_chat(&self, req: Request<pb::ClaimChatRequest>) -> Answer<pb::ClaimChatResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(claim_chat::run(&self.0, &caller, req).await?))
    }

    async fn transfer_chat(&self, req: Request<pb::TransferChatRequest>) -> Answer<pb::TransferChatResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(transfer_chat::run(&self.0, &caller, req).await?))
    }

    async fn close_chat(&self, req: Request<pb::CloseChatRequest>) -> Answer<pb::CloseChatResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(close_chat::run(&self.0, &caller, req).await?))
    }
}
