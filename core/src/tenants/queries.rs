//! What is asked about workspaces, members and departments, here and by other slices.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rapport_proto::tenants::v1 as pb;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _, Select,
};
use uuid::Uuid;

use super::{
    convert,
    entity::{department, department_member, identity, member, tenant},
    origins::origins,
};
use crate::{
    app::App,
    caller::{Caller, Principal, answers_chats, sees_every_chat},
    db::TenantRead,
    error::{Error, Reason, Result},
    events::Grants,
    ids::{DepartmentId, IdentityId, MemberId},
};

/// What a caller may hear and see, as of now.
pub async fn grants_of(app: &App, caller: &Caller) -> Result<Grants> {
    grants_in(app.db.read(&caller.scope), caller).await
}

/// What a caller may hear and see, to this reading.
pub async fn grants_in(read: TenantRead<'_>, caller: &Caller) -> Result<Grants> {
    match caller.principal {
        Principal::Visitor(id) => Ok(Grants::Visitor(id)),
        Principal::Member(id, role) => Ok(Grants::Member {
            id,
            overseer: sees_every_chat(role),
            departments: departments_of(read, id).await?,
        }),
    }
}

/// The workspace of this slug, for a caller who has no token yet.
pub async fn find_by_slug(app: &App, slug: &str) -> Result<Option<tenant::Model>> {
    app.db
        .across_tenants("who has no token yet names the workspace by its slug")
        .one(tenant::Entity::find().filter(tenant::Column::Slug.eq(slug)))
        .await
}

/// The member with this address, whatever its case.
pub async fn find_member_by_email(
    app: &App,
    read: TenantRead<'_>,
    email: &str,
) -> Result<Option<member::Model>> {
    let identity = app
        .db
        .across_tenants("an address belongs to a person, who may be a member of several workspaces")
        .one(by_email(email))
        .await?;
    // Asked also for a person nobody knows, so that both cost the same.
    let identity = identity.map_or_else(|| IdentityId::from(Uuid::nil()), |row| row.identity_id);
    read.one(by_identity(identity)).await
}

pub(super) fn by_email(email: &str) -> Select<identity::Entity> {
    identity::Entity::find().filter(identity::Column::Email.eq(email.to_lowercase()))
}

pub(super) fn by_identity(identity: IdentityId) -> Select<member::Entity> {
    member::Entity::find().filter(member::Column::IdentityId.eq(identity))
}

/// The workspace itself.
pub(super) async fn find_tenant(read: TenantRead<'_>) -> Result<tenant::Model> {
    read.one(tenant::Entity::find()).await?.ok_or_else(|| Error::not_found("workspace"))
}

/// The workspace as it is shown.
pub async fn show_tenant(read: TenantRead<'_>) -> Result<pb::Tenant> {
    let row = find_tenant(read).await?;
    Ok(convert::tenant(&row, &origins(read).await?))
}

/// A member of the workspace.
pub async fn find_member(read: TenantRead<'_>, id: MemberId) -> Result<Option<member::Model>> {
    read.one(member::Entity::find().filter(member::Column::MemberId.eq(id))).await
}

/// Refuses a member who is not there or cannot be given anything to answer.
pub async fn check_assignable(read: TenantRead<'_>, id: MemberId) -> Result<()> {
    let found = find_member(read, id).await?.ok_or_else(|| Error::not_found("member"))?;
    if answers_chats(found.role(), found.state()) {
        return Ok(());
    }
    Err(Error::new(Reason::MemberNotAssignable, "this member cannot be given chats and tickets"))
}

#[derive(FromQueryResult)]
struct Named {
    member_id: MemberId,
    name: String,
    public_name: String,
}

/// The public names of those of these members that are in the workspace.
pub async fn member_names(
    read: TenantRead<'_>,
    ids: impl IntoIterator<Item = MemberId>,
) -> Result<HashMap<MemberId, String>> {
    let ids: BTreeSet<MemberId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let select = member::Entity::find()
        .select_only()
        .columns([member::Column::MemberId, member::Column::Name, member::Column::PublicName])
        .filter(member::Column::MemberId.is_in(ids));
    let found: Vec<Named> = read.rows(select).await?;
    let shown = |row: Named| (row.member_id, member::public(&row.name, &row.public_name).to_owned());
    Ok(found.into_iter().map(shown).collect())
}

/// Refuses a set with somebody in it who is not of the workspace.
pub(super) async fn require_members(read: TenantRead<'_>, ids: &BTreeSet<MemberId>) -> Result<()> {
    let known = member_names(read, ids.iter().copied()).await?;
    if known.len() == ids.len() { Ok(()) } else { Err(Error::not_found("member")) }
}

/// The departments of a member.
pub async fn departments_of(read: TenantRead<'_>, member: MemberId) -> Result<HashSet<DepartmentId>> {
    let select = department_member::Entity::find().filter(department_member::Column::MemberId.eq(member));
    Ok(read.all(select).await?.into_iter().map(|row| row.department_id).collect())
}

/// The departments of each of these members; one in none is not among the keys.
pub async fn departments_by_member(
    read: TenantRead<'_>,
    members: &[MemberId],
) -> Result<HashMap<MemberId, BTreeSet<DepartmentId>>> {
    let select = department_member::Entity::find()
        .filter(department_member::Column::MemberId.is_in(members.iter().copied()));
    let mut departments: HashMap<_, BTreeSet<_>> = HashMap::new();
    for row in read.all(select).await? {
        departments.entry(row.member_id).or_default().insert(row.department_id);
    }
    Ok(departments)
}

/// Whether the workspace has this department.
pub async fn department_exists(read: TenantRead<'_>, id: DepartmentId) -> Result<bool> {
    Ok(find_department(read, id).await?.is_some())
}

pub(super) async fn find_department(
    read: TenantRead<'_>,
    id: DepartmentId,
) -> Result<Option<department::Model>> {
    read.one(department::Entity::find().filter(department::Column::DepartmentId.eq(id))).await
}

/// Whether a department other than `except` has this name.
pub(super) async fn department_named(
    read: TenantRead<'_>,
    name: &str,
    except: Option<DepartmentId>,
) -> Result<bool> {
    let found = read.one(department::Entity::find().filter(department::Column::Name.eq(name))).await?;
    Ok(found.is_some_and(|row| Some(row.department_id) != except))
}

/// The members of each of these departments; one without members is not among the keys.
pub(super) async fn members_of(
    read: TenantRead<'_>,
    departments: impl IntoIterator<Item = DepartmentId>,
) -> Result<BTreeMap<DepartmentId, BTreeSet<MemberId>>> {
    let select =
        department_member::Entity::find().filter(department_member::Column::DepartmentId.is_in(departments));
    let mut members: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for row in read.all(select).await? {
        members.entry(row.department_id).or_default().insert(row.member_id);
    }
    Ok(members)
}
