//! What people do with tickets.

use rapport_client::{Error, request_id};
use rapport_proto::tickets::v1 as tickets;

use crate::actors::{Actor, Staff, Visitor};

impl Actor {
    /// Makes a ticket; a request id is made where there is none.
    pub async fn create_ticket(
        &self,
        mut request: tickets::CreateTicketRequest,
    ) -> Result<tickets::Ticket, Error> {
        if request.request_id.is_empty() {
            request.request_id = request_id();
        }
        Ok(self.client.create_ticket(request).await?.ticket.expect("the answer has the ticket"))
    }

    /// Reads one ticket.
    pub async fn ticket(&self, ticket: &str) -> Result<tickets::Ticket, Error> {
        let request = tickets::GetTicketRequest { ticket_id: ticket.to_owned() };
        Ok(self.client.get_ticket(request).await?.ticket.expect("the answer has the ticket"))
    }

    /// Reads every ticket the actor may see, page by page of the size given.
    pub async fn tickets(&self, page_size: u32) -> Result<Vec<tickets::Ticket>, Error> {
        self.tickets_of(tickets::ListTicketsRequest { page_size, ..Default::default() }).await
    }

    /// Reads every ticket that was asked for, page by page.
    pub async fn tickets_of(
        &self,
        mut request: tickets::ListTicketsRequest,
    ) -> Result<Vec<tickets::Ticket>, Error> {
        let mut all = Vec::new();
        loop {
            let page = self.client.list_tickets(request.clone()).await?;
            all.extend(page.tickets);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Comments on a ticket.
    pub async fn comment(&self, ticket: &str, text: &str) -> Result<tickets::Comment, Error> {
        self.add_comment(ticket, text, false).await
    }

    /// Comments on a ticket for the staff.
    pub async fn comment_internally(&self, ticket: &str, text: &str) -> Result<tickets::Comment, Error> {
        self.add_comment(ticket, text, true).await
    }

    async fn add_comment(&self, ticket: &str, text: &str, internal: bool) -> Result<tickets::Comment, Error> {
        let request = tickets::AddCommentRequest {
            request_id: request_id(),
            ticket_id: ticket.to_owned(),
            text: text.to_owned(),
            internal,
        };
        Ok(self.client.add_comment(request).await?.comment.expect("the answer has the comment"))
    }

    /// Reads every comment of a ticket the actor may see, page by page of the size given.
    pub async fn comments(&self, ticket: &str, page_size: u32) -> Result<Vec<tickets::Comment>, Error> {
        let mut request =
            tickets::ListCommentsRequest { ticket_id: ticket.to_owned(), page_size, ..Default::default() };
        let mut all = Vec::new();
        loop {
            let page = self.client.list_comments(request.clone()).await?;
            all.extend(page.comments);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            request.page_token = page.next_page_token;
        }
    }
}

impl Staff {
    /// Changes a ticket; the request says what, the id is filled in.
    pub async fn update_ticket(
        &self,
        ticket: &str,
        change: tickets::UpdateTicketRequest,
    ) -> Result<tickets::Ticket, Error> {
        let request = tickets::UpdateTicketRequest { ticket_id: ticket.to_owned(), ..change };
        Ok(self.client.update_ticket(request).await?.ticket.expect("the answer has the ticket"))
    }

    /// Puts a ticket into a state.
    pub async fn put_ticket(
        &self,
        ticket: &str,
        state: tickets::TicketState,
    ) -> Result<tickets::Ticket, Error> {
        let change = tickets::UpdateTicketRequest { state: Some(state.into()), ..Default::default() };
        self.update_ticket(ticket, change).await
    }

    /// Gives a ticket to a member.
    pub async fn assign_ticket(&self, ticket: &str, member: &Staff) -> Result<tickets::Ticket, Error> {
        let assignee_id = Some(member.member_id().to_owned());
        self.update_ticket(ticket, tickets::UpdateTicketRequest { assignee_id, ..Default::default() }).await
    }
}

impl Visitor {
    /// Makes a ticket.
    pub async fn ask(&self, subject: &str, text: &str) -> tickets::Ticket {
        self.ask_department("", subject, text).await
    }

    /// Makes a ticket for a department.
    pub async fn ask_department(&self, department: &str, subject: &str, text: &str) -> tickets::Ticket {
        let request = tickets::CreateTicketRequest {
            subject: subject.to_owned(),
            text: text.to_owned(),
            department_id: department.to_owned(),
            ..Default::default()
        };
        self.create_ticket(request).await.expect("a visitor makes a ticket")
    }
}
