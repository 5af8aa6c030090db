//! Rows as the wire shows them.

use std::collections::BTreeSet;

use rapport_proto::{
    events::v1::{DepartmentUpdated, MemberUpdated, TenantUpdated, event::Body},
    tenants::v1 as pb,
};

use super::entity::{department, member, tenant};
use crate::{
    clock::Micros,
    events::{Audience, NewEvent},
    ids::MemberId,
};

/// A workspace with the origins it allows, which are ordered.
pub(super) fn tenant(row: &tenant::Model, origins: &BTreeSet<String>) -> pb::Tenant {
    pb::Tenant {
        tenant_id: row.tenant_id.to_string(),
        slug: row.slug.clone(),
        name: row.name.clone(),
        locale: row.locale.clone(),
        time_zone: row.time_zone.clone(),
        created_at: Some(Micros(row.created_at).timestamp()),
        revision: revision(row.revision),
        allowed_origins: origins.iter().cloned().collect(),
        widget: Some(widget(row)),
    }
}

/// How the workspace's widget looks and what it asks for.
pub(super) fn widget(row: &tenant::Model) -> pb::Widget {
    pb::Widget {
        color: row.widget_color.clone(),
        position: row.widget_position.into(),
        greeting: row.widget_greeting.clone(),
        offline_message: row.widget_offline_message.clone(),
        launcher_label: row.widget_launcher_label.clone(),
        ask_name: row.widget_ask_name,
        ask_email: row.widget_ask_email,
        ask_department: row.widget_ask_department,
    }
}

impl From<&member::Model> for pb::Member {
    fn from(row: &member::Model) -> Self {
        Self {
            member_id: row.member_id.to_string(),
            email: row.email.clone(),
            name: row.name.clone(),
            role: row.role().into(),
            state: row.state().into(),
            created_at: Some(Micros(row.created_at).timestamp()),
            revision: revision(row.revision),
            public_name: row.public_name().to_owned(),
        }
    }
}

/// A department with its members, which are ordered by id.
pub(super) fn department(row: &department::Model, members: &BTreeSet<MemberId>) -> pb::Department {
    pb::Department {
        department_id: row.department_id.to_string(),
        name: row.name.clone(),
        member_ids: members.iter().map(ToString::to_string).collect(),
        created_at: Some(Micros(row.created_at).timestamp()),
        revision: revision(row.revision),
        offered: row.offered,
    }
}

/// Tells the staff what the workspace is now.
pub(super) fn tenant_updated(tenant: pb::Tenant) -> NewEvent {
    to_staff(Body::TenantUpdated(TenantUpdated { tenant: Some(tenant) }))
}

/// Tells the staff what a member is now.
pub(super) fn member_updated(member: pb::Member) -> NewEvent {
    to_staff(Body::MemberUpdated(MemberUpdated { member: Some(member) }))
}

/// Tells the staff what a department is now.
pub(super) fn department_updated(department: pb::Department) -> NewEvent {
    to_staff(Body::DepartmentUpdated(DepartmentUpdated { department: Some(department) }))
}

fn to_staff(body: Body) -> NewEvent {
    NewEvent { audience: Audience::everyone(), chat: None, body }
}

pub(super) fn revision(column: i32) -> u32 {
    u32::try_from(column).unwrap_or_default()
}
