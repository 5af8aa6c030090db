//! People and what they do, through the client that everybody uses.

use std::ops::Deref;

use rapport_client::{Client, Credentials, Error, SubscribeOptions, request_id};
use rapport_proto::auth::v1::{
    GetSelfRequest, SignInRequest, SignInResponse, StartVisitRequest, StartVisitResponse,
};
use rapport_proto::chats::v1 as chats;
use rapport_proto::chats::v1::transfer_chat_request::To;
use rapport_proto::events::v1::{LoggedEvent, ReadRequest};
use rapport_proto::presence::v1 as presence;
use rapport_proto::presence::v1::PresenceStatus;
use rapport_proto::tenants::v1 as tenants;

use crate::core::Core;
use crate::listener::Listener;
use crate::raw::Raw;
use crate::watcher::Watcher;

/// The password of every member of every test.
pub const PASSWORD: &str = "correct horse battery";

/// Somebody who can see chats. What is said here of an actor holds for staff and visitors.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The actor's own connection.
    pub client: Client,
    /// Where that connection goes.
    pub endpoint: String,
    /// The workspace.
    pub slug: String,
}

/// A member: owner, admin, agent or viewer.
#[derive(Debug, Clone)]
pub struct Staff {
    actor: Actor,
    /// The member as it was made.
    pub member: tenants::Member,
}

/// A customer.
#[derive(Debug, Clone)]
pub struct Visitor {
    actor: Actor,
    /// The visitor's id.
    pub visitor_id: String,
}

impl Deref for Staff {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl Deref for Visitor {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl Actor {
    fn new(endpoint: &str, slug: &str, credentials: Credentials) -> Self {
        let client = Client::connect(endpoint).credentials(credentials).open().expect("an endpoint is a URI");
        Self { client, endpoint: endpoint.to_owned(), slug: slug.to_owned() }
    }

    /// Hears everything from now on.
    pub async fn listen(&self) -> Listener {
        self.listen_to(SubscribeOptions::default()).await
    }

    /// Hears what the options say.
    pub async fn listen_to(&self, options: SubscribeOptions) -> Listener {
        Listener::start(&self.client, options).await
    }

    /// Writes into a chat.
    pub async fn send(&self, chat: &str, text: &str) -> Result<chats::Message, Error> {
        self.send_as(&request_id(), chat, text).await
    }

    /// Writes into a chat under a request id that was made before.
    pub async fn send_as(&self, request_id: &str, chat: &str, text: &str) -> Result<chats::Message, Error> {
        let answer = self.client.send_message(message(request_id, chat, text)).await?;
        Ok(answer.message.expect("the answer has the message"))
    }

    /// Writes a note for the staff.
    pub async fn note(&self, chat: &str, text: &str) -> Result<chats::Message, Error> {
        let request = chats::SendMessageRequest { internal: true, ..message(&request_id(), chat, text) };
        Ok(self.client.send_message(request).await?.message.expect("the answer has the message"))
    }

    /// Reads one chat.
    pub async fn chat(&self, chat: &str) -> Result<chats::Chat, Error> {
        let answer = self.client.get_chat(chats::GetChatRequest { chat_id: chat.to_owned() }).await?;
        Ok(answer.chat.expect("the answer has the chat"))
    }

    /// Reads every chat the actor may see, page by page of the size given.
    pub async fn chats(&self, page_size: u32) -> Result<Vec<chats::Chat>, Error> {
        let mut request = chats::ListChatsRequest { page_size, ..Default::default() };
        let mut all = Vec::new();
        loop {
            let page = self.client.list_chats(request.clone()).await?;
            all.extend(page.chats);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Reads every message of a chat the actor may see.
    pub async fn messages(&self, chat: &str) -> Result<Vec<chats::Message>, Error> {
        let mut request =
            chats::ListMessagesRequest { chat_id: chat.to_owned(), page_size: 200, ..Default::default() };
        let mut all = Vec::new();
        loop {
            let page = self.client.list_messages(request.clone()).await?;
            all.extend(page.messages);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Reads the whole log after a cursor, or from its beginning.
    pub async fn log(&self, cursor: &str) -> Result<Vec<LoggedEvent>, Error> {
        let mut request = ReadRequest { cursor: cursor.to_owned(), page_size: 200, ..Default::default() };
        let mut all = Vec::new();
        loop {
            let page = self.client.read(request.clone()).await?;
            all.extend(page.items);
            if page.at_end {
                return Ok(all);
            }
            assert_ne!(page.cursor, request.cursor, "a page before the end moves the cursor");
            request.cursor = page.cursor;
        }
    }

    /// Says that everything up to `seq` is read.
    pub async fn mark_read(&self, chat: &str, seq: u32) -> Result<u32, Error> {
        let request = chats::MarkReadRequest { chat_id: chat.to_owned(), seq };
        Ok(self.client.mark_read(request).await?.read_seq)
    }

    /// Says that the actor writes, or has stopped.
    pub async fn typing(&self, chat: &str, typing: bool) -> Result<(), Error> {
        let request = chats::SetTypingRequest { chat_id: chat.to_owned(), typing };
        self.client.set_typing(request).await.map(|_| ())
    }

    /// Ends a chat.
    pub async fn close(&self, chat: &str, reason: &str) -> Result<chats::Chat, Error> {
        let request = chats::CloseChatRequest { chat_id: chat.to_owned(), reason: reason.to_owned() };
        Ok(self.client.close_chat(request).await?.chat.expect("the answer has the chat"))
    }

    /// The same connection's server, under an access token word for word.
    #[must_use]
    pub fn bearing(&self, token: &str) -> Actor {
        Self::new(&self.endpoint, &self.slug, Credentials::AccessToken(token.to_owned()))
    }

    /// The same place, as nobody.
    #[must_use]
    pub fn nobody(&self) -> Client {
        Client::connect(&self.endpoint).open().expect("an endpoint is a URI")
    }
}

impl Staff {
    pub(crate) fn new(endpoint: &str, slug: &str, member: tenants::Member) -> Self {
        let credentials = Credentials::Member {
            workspace: slug.to_owned(),
            email: member.email.clone(),
            password: PASSWORD.to_owned(),
        };
        Self { actor: Actor::new(endpoint, slug, credentials), member }
    }

    /// The same person on another connection, such as through a relay or to another core.
    #[must_use]
    pub fn through(&self, endpoint: &str) -> Self {
        Self::new(endpoint, &self.slug, self.member.clone())
    }

    /// The member's id.
    #[must_use]
    pub fn member_id(&self) -> &str {
        &self.member.member_id
    }

    /// Watches who is there, in a session of its own on a core.
    pub async fn watch(&self, core: &Core) -> Watcher {
        let raw = Raw::connect(&core.endpoint(), Some(&self.sign_in().await.access_token));
        Watcher::start(&raw).await.expect("a member watches")
    }

    /// Chooses how to be shown.
    pub async fn show_as(&self, status: PresenceStatus) -> Result<presence::SetStatusResponse, Error> {
        self.client.set_status(presence::SetStatusRequest { status: status.into() }).await
    }

    /// A session of its own, with its tokens in the open.
    pub async fn sign_in(&self) -> SignInResponse {
        let request = SignInRequest {
            workspace: self.slug.clone(),
            email: self.member.email.clone(),
            password: PASSWORD.to_owned(),
        };
        self.nobody().sign_in(request).await.expect("the member signs in")
    }

    /// Takes a waiting chat.
    pub async fn claim(&self, chat: &str) -> Result<chats::Chat, Error> {
        let answer = self.client.claim_chat(chats::ClaimChatRequest { chat_id: chat.to_owned() }).await?;
        Ok(answer.chat.expect("the answer has the chat"))
    }

    /// Hands a chat to a colleague.
    pub async fn transfer_to(&self, chat: &str, member: &Staff) -> Result<chats::Chat, Error> {
        self.transfer(chat, To::MemberId(member.member_id().to_owned())).await
    }

    /// Hands a chat to a department.
    pub async fn transfer_to_department(&self, chat: &str, department: &str) -> Result<chats::Chat, Error> {
        self.transfer(chat, To::DepartmentId(department.to_owned())).await
    }

    async fn transfer(&self, chat: &str, to: To) -> Result<chats::Chat, Error> {
        let request = chats::TransferChatRequest { chat_id: chat.to_owned(), to: Some(to) };
        Ok(self.client.transfer_chat(request).await?.chat.expect("the answer has the chat"))
    }

    /// Changes a member; the request says what, the id is filled in.
    pub async fn update(
        &self,
        member: &Staff,
        change: tenants::UpdateMemberRequest,
    ) -> Result<tenants::Member, Error> {
        let request = tenants::UpdateMemberRequest { member_id: member.member_id().to_owned(), ..change };
        Ok(self.client.update_member(request).await?.member.expect("the answer has the member"))
    }

    /// Suspends a member, or lets a suspended one in again.
    pub async fn set_state(
        &self,
        member: &Staff,
        state: tenants::MemberState,
    ) -> Result<tenants::Member, Error> {
        self.update(member, tenants::UpdateMemberRequest { state: Some(state.into()), ..Default::default() })
            .await
    }

    /// Gives a member another role.
    pub async fn set_role(&self, member: &Staff, role: tenants::Role) -> Result<tenants::Member, Error> {
        self.update(member, tenants::UpdateMemberRequest { role: Some(role.into()), ..Default::default() })
            .await
    }

    /// Changes a department; the request says what, the id is filled in.
    pub async fn update_department(
        &self,
        department: &str,
        change: tenants::UpdateDepartmentRequest,
    ) -> Result<tenants::Department, Error> {
        let request = tenants::UpdateDepartmentRequest { department_id: department.to_owned(), ..change };
        Ok(self.client.update_department(request).await?.department.expect("the answer has the department"))
    }
}

impl Visitor {
    pub(crate) async fn new(endpoint: &str, slug: &str, secret: Option<String>) -> Self {
        let credentials = Credentials::Visitor { workspace: slug.to_owned(), secret };
        let actor = Actor::new(endpoint, slug, credentials);
        let own = actor.client.get_self(GetSelfRequest {}).await.expect("a visit starts");
        Self { actor, visitor_id: own.visitor_id }
    }

    /// The same person on another connection.
    pub async fn through(&self, endpoint: &str) -> Self {
        Self::new(endpoint, &self.slug, Some(self.secret().await)).await
    }

    /// What the browser keeps.
    pub async fn secret(&self) -> String {
        self.client.visitor_secret().await.expect("the visit has started")
    }

    /// A visit of its own of the same person, with its token in the open.
    pub async fn visit(&self) -> StartVisitResponse {
        let request = StartVisitRequest { workspace: self.slug.clone(), visitor_secret: self.secret().await };
        self.nobody().start_visit(request).await.expect("a visit starts")
    }

    /// Opens a chat with a first message.
    pub async fn start_chat(&self, text: &str) -> chats::Chat {
        self.start(chats::StartChatRequest { text: text.to_owned(), ..Default::default() })
            .await
            .expect("a visitor starts a chat")
    }

    /// Opens a chat with a department.
    pub async fn start_chat_with(&self, department: &str, text: &str) -> chats::Chat {
        let request = chats::StartChatRequest {
            text: text.to_owned(),
            department_id: department.to_owned(),
            ..Default::default()
        };
        self.start(request).await.expect("a visitor starts a chat")
    }

    /// Opens a chat; a request id is made where there is none.
    pub async fn start(&self, mut request: chats::StartChatRequest) -> Result<chats::Chat, Error> {
        if request.request_id.is_empty() {
            request.request_id = request_id();
        }
        Ok(self.client.start_chat(request).await?.chat.expect("the answer has the chat"))
    }
}

fn message(request_id: &str, chat: &str, text: &str) -> chats::SendMessageRequest {
    chats::SendMessageRequest {
        chat_id: chat.to_owned(),
        request_id: request_id.to_owned(),
        text: text.to_owned(),
        internal: false,
    }
}
