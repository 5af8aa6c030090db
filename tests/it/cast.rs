//! The people of a workspace for tests that hold for every rpc, and ids of theirs to fill requests with.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use rapport_tests::actors::{Actor, Staff, Visitor};
use rapport_tests::dynamic::call;
use rapport_tests::listener::Listener;
use rapport_tests::proto::contract::Method;
use rapport_tests::proto::presence::v1::ListOnlineAgentsRequest;
use rapport_tests::raw::Raw;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::Workspace;

use crate::rows::{Ids, Who, rows};

/// The people of a workspace, one of each kind, each with a connection that sends what it is told.
pub(crate) struct Cast<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) visitor: Visitor,
    pub(crate) agent: Staff,
    pub(crate) viewer: Staff,
    pub(crate) admin: Staff,
    /// Somebody to be changed and assigned.
    pub(crate) colleague: Staff,
    pub(crate) department: String,
    operator: String,
    standing: BTreeMap<Who, Raw>,
    pages: Mutex<Ids>,
    /// Two who are there, so that their list has a second page.
    _there: [Listener; 2],
}

impl<'a> Cast<'a> {
    /// Everybody; `operator` is an operator's token.
    pub(crate) async fn of(workspace: &'a Workspace, operator: &str) -> Self {
        let (agent, colleague) = (workspace.agent("Ada").await, workspace.agent("Ben").await);
        let department = workspace.department("Support", &[&agent, &colleague]).await.department_id;
        workspace.department("Sales", &[]).await;
        let admin = workspace.admin("Ann").await;
        let there = [agent.listen().await, admin.listen().await];
        let online = ListOnlineAgentsRequest::default();
        until("two are there", PATIENCE, || async {
            let page = agent.client.list_online_agents(online.clone()).await.unwrap();
            (page.agents.len() == 2).then_some(())
        })
        .await;
        let mut cast = Self {
            workspace,
            visitor: workspace.visitor().await,
            viewer: workspace.viewer("Vic").await,
            admin,
            agent,
            _there: there,
            colleague,
            department,
            operator: operator.to_owned(),
            standing: BTreeMap::new(),
            pages: Mutex::default(),
        };
        for who in Who::ALL {
            let raw = cast.fresh(who).await;
            cast.standing.insert(who, raw);
        }
        // A second chat and a second ticket, so that every list has a second page.
        cast.visitor.start_chat("Hello").await;
        cast.visitor.ask("A second one", "Hello").await;
        cast
    }

    /// A connection under a session that stands as long as the cast does.
    pub(crate) fn raw(&self, who: Who) -> Raw {
        self.standing[&who].clone()
    }

    /// A connection to call this rpc with: under a session of its own where the call ends it.
    pub(crate) async fn raw_for(&self, who: Who, method: &Method) -> Raw {
        if method.name == "SignOut" { self.fresh(who).await } else { self.raw(who) }
    }

    /// The one who is meant; `None` for those who have no connection of their own.
    pub(crate) fn actor(&self, who: Who) -> Option<&Actor> {
        match who {
            Who::Nobody | Who::Operator => None,
            Who::Visitor => Some(&self.visitor),
            Who::Viewer => Some(&self.viewer),
            Who::Agent => Some(&self.agent),
            Who::Admin => Some(&self.admin),
            Who::Owner => Some(&self.workspace.owner),
        }
    }

    /// A connection under a session of its own.
    async fn fresh(&self, who: Who) -> Raw {
        let token = match who {
            Who::Nobody => None,
            Who::Operator => Some(self.operator.clone()),
            Who::Visitor => Some(self.visitor.visit().await.access_token),
            Who::Viewer => Some(self.viewer.sign_in().await.access_token),
            Who::Agent => Some(self.agent.sign_in().await.access_token),
            Who::Admin => Some(self.admin.sign_in().await.access_token),
            Who::Owner => Some(self.workspace.owner.sign_in().await.access_token),
        };
        self.workspace.raw(token.as_deref())
    }

    /// Ids of this workspace: a chat and a ticket that nobody has touched, with a first message and a comment, and somebody's place
    /// in every list.
    pub(crate) async fn ids(&self) -> Ids {
        let chat = self.visitor.start_chat("Hello").await;
        self.visitor.send(&chat.chat_id, "Is anybody there?").await.unwrap();
        let customer = chat.customer.unwrap().customer_id;
        let ticket = self.visitor.ask("Help", "Please").await;
        self.visitor.comment(&ticket.ticket_id, "Is anybody there?").await.unwrap();
        let cursor = self.visitor.log("").await.unwrap().pop().unwrap().cursor;
        let kinds = [
            ("chat", chat.chat_id.as_str()),
            ("ticket", &ticket.ticket_id),
            ("member", self.colleague.member_id()),
            ("department", &self.department),
            ("customer", &customer),
            ("visitor", &self.visitor.visitor_id),
            ("cursor", &cursor),
        ];
        let mut ids = kinds.into_iter().fold(Ids::default(), |ids, (kind, id)| ids.with(kind, id));
        for (kind, token) in self.pages.lock().kinds() {
            ids = ids.with(kind, token);
        }
        // A page token belongs to its caller, so each list's is made by the one who sends it in the rows.
        for row in rows() {
            let kind = format!("page.{}", row.method.name);
            if !row.uses(&kind) || !ids.get(&kind).is_empty() {
                continue;
            }
            let page = call(&self.raw(row.who), row.method, &(row.request)(&ids)).await.unwrap();
            let token = page["nextPageToken"].as_str().unwrap_or_default();
            assert!(!token.is_empty(), "{} has a second page: {page}", row.method.path);
            ids = ids.with(&kind, token);
            if !["ListMessages", "ListComments"].contains(&row.method.name) {
                let mut pages = self.pages.lock();
                *pages = pages.with(&kind, token);
            }
        }
        ids
    }
}
