//! A workspace, and the people who come to it.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use rapport_client::{Client, request_id};
use rapport_proto::tenants::v1 as tenants;

use crate::actors::{PASSWORD, Staff, Visitor};
use crate::raw::Raw;

/// A workspace and how its people reach it.
#[derive(Debug)]
pub struct Workspace {
    /// Its id.
    pub tenant_id: String,
    /// Its name at sign-in.
    pub slug: String,
    /// Who set it up.
    pub owner: Staff,
    pub(crate) endpoints: Vec<String>,
    pub(crate) edge_urls: Vec<String>,
    arrivals: AtomicUsize,
    names: AtomicU32,
}

impl Workspace {
    pub(crate) fn new(
        endpoints: &[String],
        edge_urls: &[String],
        tenant: tenants::Tenant,
        owner: tenants::Member,
    ) -> Self {
        let owner = Staff::new(&endpoints[0], &tenant.slug, owner);
        Self {
            tenant_id: tenant.tenant_id,
            slug: tenant.slug,
            owner,
            endpoints: endpoints.to_vec(),
            edge_urls: edge_urls.to_vec(),
            arrivals: AtomicUsize::new(1),
            names: AtomicU32::new(0),
        }
    }

    /// Where the next one to arrive connects to: one core after the other.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let turn = self.arrivals.fetch_add(1, Ordering::Relaxed);
        self.endpoints[turn % self.endpoints.len()].clone()
    }

    /// Where the next browser to arrive goes: one edge after the other.
    #[must_use]
    pub fn edge_url(&self) -> String {
        let turn = self.arrivals.fetch_add(1, Ordering::Relaxed);
        self.edge_urls[turn % self.edge_urls.len()].clone()
    }

    /// A connection of nobody.
    #[must_use]
    pub fn nobody(&self) -> Client {
        Client::connect(self.endpoint()).open().expect("an endpoint is a URI")
    }

    /// A connection that sends what it is told, under the access token given.
    #[must_use]
    pub fn raw(&self, token: Option<&str>) -> Raw {
        Raw::connect(&self.endpoints[0], token)
    }

    /// A new agent.
    pub async fn agent(&self, name: &str) -> Staff {
        self.member(name, tenants::Role::Agent).await
    }

    /// A new admin.
    pub async fn admin(&self, name: &str) -> Staff {
        self.member(name, tenants::Role::Admin).await
    }

    /// A new viewer.
    pub async fn viewer(&self, name: &str) -> Staff {
        self.member(name, tenants::Role::Viewer).await
    }

    /// A new member of the role given.
    pub async fn member(&self, name: &str, role: tenants::Role) -> Staff {
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        let request = tenants::CreateMemberRequest {
            request_id: request_id(),
            email: format!("{}.{number}@{}.example", name.to_lowercase().replace(' ', "."), self.slug),
            name: name.to_owned(),
            role: role.into(),
            password: PASSWORD.to_owned(),
        };
        let made = self.owner.client.create_member(request).await.expect("an owner makes a member");
        Staff::new(&self.endpoint(), &self.slug, made.member.expect("the answer has the member"))
    }

    /// A new visitor.
    pub async fn visitor(&self) -> Visitor {
        Visitor::new(&self.endpoint(), &self.slug, None).await
    }

    /// A new department of these members.
    pub async fn department(&self, name: &str, members: &[&Staff]) -> tenants::Department {
        let request = tenants::CreateDepartmentRequest {
            request_id: request_id(),
            name: name.to_owned(),
            member_ids: members.iter().map(|member| member.member_id().to_owned()).collect(),
        };
        let made = self.owner.client.create_department(request).await.expect("an owner makes a department");
        made.department.expect("the answer has the department")
    }
}

/// What a workspace of this name is made from.
#[must_use]
pub fn workspace(slug: &str) -> tenants::Workspace {
    tenants::Workspace {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        locale: String::new(),
        time_zone: String::new(),
    }
}

/// Whom a workspace of this name is to belong to.
#[must_use]
pub fn owner(slug: &str) -> tenants::Owner {
    tenants::Owner {
        email: format!("owner@{slug}.example"),
        name: "Olga Owner".to_owned(),
        password: PASSWORD.to_owned(),
    }
}
