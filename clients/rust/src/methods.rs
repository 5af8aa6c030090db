//! One method for each unary rpc of the contract, and whether the client may repeat it by itself.

use rapport_proto::auth::v1 as auth;
use rapport_proto::auth::v1::auth_service_client::AuthServiceClient;
use rapport_proto::chats::v1 as chats;
use rapport_proto::chats::v1::chat_service_client::ChatServiceClient;
use rapport_proto::customers::v1 as customers;
use rapport_proto::customers::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::events::v1 as events;
use rapport_proto::events::v1::event_service_client::EventServiceClient;
use rapport_proto::presence::v1 as presence;
use rapport_proto::presence::v1::presence_service_client::PresenceServiceClient;
use rapport_proto::tenants::v1 as tenants;
use rapport_proto::tenants::v1::tenant_service_client::TenantServiceClient;
use rapport_proto::tickets::v1 as tickets;
use rapport_proto::tickets::v1::ticket_service_client::TicketServiceClient;

use crate::call::Repeat;
use crate::{Client, Error};

/// The largest answer the client takes, in bytes: a page of 200 messages of 8,000 four-byte characters fits.
pub(crate) const MAX_ANSWER: usize = 16 << 20;

macro_rules! methods {
    ($($service:ident {
        $($(#[$doc:meta])* $repeat:ident $name:ident($package:ident::$request:ident) -> $answer:ident;)*
    })*) => {
        impl Client {
            $($(
                $(#[$doc])*
                pub async fn $name(&self, request: $package::$request) -> Result<$package::$answer, Error> {
                    self.unary(Repeat::$repeat, request, |channel, request| async move {
                        $service::new(channel).max_decoding_message_size(MAX_ANSWER).$name(request).await
                    })
                    .await
                }
            )*)*
        }

        /// Name and repetition of each method, to compare with the contract.
        #[cfg(test)]
        const ROWS: &[(&str, &str, Repeat)] = &[$($((stringify!($service), stringify!($name), Repeat::$repeat),)*)*];
    };
}

methods! {
    AuthServiceClient {
        /// Makes the first workspace of an installation.
        Never set_up(auth::SetUpRequest) -> SetUpResponse;
        /// Opens a session by hand; [`crate::Credentials::Member`] does it by itself.
        Never sign_in(auth::SignInRequest) -> SignInResponse;
        /// Spends a refresh token by hand; [`crate::Credentials::Member`] does it by itself.
        Keyed refresh(auth::RefreshRequest) -> RefreshResponse;
        /// Says who the caller is and what the caller may do.
        Read get_self(auth::GetSelfRequest) -> GetSelfResponse;
        /// Changes how the calling member is called.
        Never update_self(auth::UpdateSelfRequest) -> UpdateSelfResponse;
        /// Changes the calling member's password and ends their other sessions.
        Never change_password(auth::ChangePasswordRequest) -> ChangePasswordResponse;
        /// Starts a visit by hand; [`crate::Credentials::Visitor`] does it by itself.
        Never start_visit(auth::StartVisitRequest) -> StartVisitResponse;
        /// Returns the public keys of the access tokens.
        Read get_key_set(auth::GetKeySetRequest) -> GetKeySetResponse;
    }
    TenantServiceClient {
        /// Makes a workspace; operators only.
        Keyed create_tenant(tenants::CreateTenantRequest) -> CreateTenantResponse;
        /// Returns the caller's workspace.
        Read get_tenant(tenants::GetTenantRequest) -> GetTenantResponse;
        /// Changes the caller's workspace.
        Never update_tenant(tenants::UpdateTenantRequest) -> UpdateTenantResponse;
        /// Returns what a workspace's widget begins with.
        Read get_widget(tenants::GetWidgetRequest) -> GetWidgetResponse;
        /// Changes the settings of the widget.
        Never update_widget(tenants::UpdateWidgetRequest) -> UpdateWidgetResponse;
        /// Adds a member.
        Keyed create_member(tenants::CreateMemberRequest) -> CreateMemberResponse;
        /// Pages through the members.
        Read list_members(tenants::ListMembersRequest) -> ListMembersResponse;
        /// Changes a member.
        Never update_member(tenants::UpdateMemberRequest) -> UpdateMemberResponse;
        /// Makes a department.
        Keyed create_department(tenants::CreateDepartmentRequest) -> CreateDepartmentResponse;
        /// Pages through the departments.
        Read list_departments(tenants::ListDepartmentsRequest) -> ListDepartmentsResponse;
        /// Changes a department.
        Never update_department(tenants::UpdateDepartmentRequest) -> UpdateDepartmentResponse;
    }
    ChatServiceClient {
        /// Opens a chat as the calling visitor.
        Keyed start_chat(chats::StartChatRequest) -> StartChatResponse;
        /// Returns one chat.
        Read get_chat(chats::GetChatRequest) -> GetChatResponse;
        /// Pages through the chats the caller may see.
        Read list_chats(chats::ListChatsRequest) -> ListChatsResponse;
        /// Counts the open chats the caller may see.
        Read count_chats(chats::CountChatsRequest) -> CountChatsResponse;
        /// Adds a message; the same `request_id` gives the same message for ever.
        Keyed send_message(chats::SendMessageRequest) -> SendMessageResponse;
        /// Pages through a chat's messages.
        Read list_messages(chats::ListMessagesRequest) -> ListMessagesResponse;
        /// Returns a chat's messages as text for people.
        Read get_transcript(chats::GetTranscriptRequest) -> GetTranscriptResponse;
        /// Moves the caller's read mark forward.
        Idempotent mark_read(chats::MarkReadRequest) -> MarkReadResponse;
        /// Says that the caller writes; never repeated, because it is worth nothing later.
        Never set_typing(chats::SetTypingRequest) -> SetTypingResponse;
        /// Makes the caller the assignee of a waiting chat; the winner may ask again.
        Idempotent claim_chat(chats::ClaimChatRequest) -> ClaimChatResponse;
        /// Hands a chat on; never repeated, because somebody may have handed it back meanwhile.
        Never transfer_chat(chats::TransferChatRequest) -> TransferChatResponse;
        /// Ends a chat; closing a closed one changes nothing.
        Idempotent close_chat(chats::CloseChatRequest) -> CloseChatResponse;
    }
    CustomerServiceClient {
        /// Returns what is known of a customer.
        Read get_customer(customers::GetCustomerRequest) -> GetCustomerResponse;
        /// Changes what is known of a customer; never repeated, because somebody may have changed it meanwhile.
        Never update_customer(customers::UpdateCustomerRequest) -> UpdateCustomerResponse;
    }
    PresenceServiceClient {
        /// Chooses how the calling member is shown; choosing the same again changes nothing.
        Idempotent set_status(presence::SetStatusRequest) -> SetStatusResponse;
        /// Pages through the members who are not offline.
        Read list_online_agents(presence::ListOnlineAgentsRequest) -> ListOnlineAgentsResponse;
        /// Counts what a member has to do.
        Read get_workload(presence::GetWorkloadRequest) -> GetWorkloadResponse;
    }
    EventServiceClient {
        /// Returns a page of the log; [`Client::subscribe`] follows it.
        Read read(events::ReadRequest) -> ReadResponse;
    }
    TicketServiceClient {
        /// Makes a ticket.
        Keyed create_ticket(tickets::CreateTicketRequest) -> CreateTicketResponse;
        /// Returns one ticket.
        Read get_ticket(tickets::GetTicketRequest) -> GetTicketResponse;
        /// Pages through the tickets the caller may see.
        Read list_tickets(tickets::ListTicketsRequest) -> ListTicketsResponse;
        /// Changes a ticket; never repeated, because somebody may have changed it back meanwhile.
        Never update_ticket(tickets::UpdateTicketRequest) -> UpdateTicketResponse;
        /// Adds a comment to a ticket.
        Keyed add_comment(tickets::AddCommentRequest) -> AddCommentResponse;
        /// Pages through a ticket's comments.
        Read list_comments(tickets::ListCommentsRequest) -> ListCommentsResponse;
    }
}

impl Client {
    /// Ends the session. Every later call of this client and its clones is refused with `SESSION_ENDED`; nobody is signed in again
    /// behind the caller's back. Not repeated: after a lost answer the session may be over already.
    pub async fn sign_out(&self) -> Result<(), Error> {
        self.unary(Repeat::Never, auth::SignOutRequest {}, |channel, request| async move {
            AuthServiceClient::new(channel).sign_out(request).await
        })
        .await?;
        self.tokens.end().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::{DescriptorPool, MethodDescriptor};
    use rapport_proto::contract::METHODS;
    use rapport_proto::options::v1::Permission;

    use super::*;

    fn descriptor(pool: &DescriptorPool, service: &str, name: &str) -> MethodDescriptor {
        pool.get_service_by_name(service)
            .and_then(|service| service.methods().find(|method| method.name() == name))
            .unwrap_or_else(|| panic!("{service}.{name} is not in the descriptors"))
    }

    fn snake(name: &str) -> String {
        let mut out = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() && !out.is_empty() {
                out.push('_');
            }
            out.push(letter.to_ascii_lowercase());
        }
        out
    }

    #[test]
    fn every_rpc_has_a_method_that_repeats_only_what_the_contract_makes_safe() {
        let pool =
            DescriptorPool::decode(rapport_proto::FILE_DESCRIPTOR_SET).expect("the descriptors are sound");
        let mut others = 0;
        for method in METHODS {
            let service = method.service.rsplit('.').next().unwrap_or_default();
            if method.server_streaming
                || (service, method.name) == ("AuthService", "SignOut")
                || method.permission == Permission::Edge
            {
                others += 1;
                continue;
            }
            let client = format!("{service}Client");
            let (_, _, repeat) = ROWS
                .iter()
                .find(|(of, name, _)| *of == client && *name == snake(method.name))
                .unwrap_or_else(|| panic!("no method for {}", method.path));
            let keyed = descriptor(&pool, method.service, method.name)
                .input()
                .get_field_by_name("request_id")
                .is_some();
            assert_eq!(*repeat == Repeat::Read, method.read_only, "{}", method.path);
            assert_eq!(*repeat == Repeat::Keyed, keyed, "{}", method.path);
        }
        assert_eq!(ROWS.len() + others, METHODS.len(), "a method calls an rpc that is no longer there");
    }
}
