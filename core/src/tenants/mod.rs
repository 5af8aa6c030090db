//! Workspaces, the people in them and the departments they form.
//!
//! Other slices ask here who is who: [`grants_of`] says what a caller may hear, [`find_member`] and [`member_names`] who a
//! member is. A workspace is made by [`create`] alone, whoever asks for it.

mod acting;
mod blind;
mod change_self;
mod convert;
mod create;
mod create_department;
mod create_member;
mod create_tenant;
pub mod entity;
mod error;
mod get_tenant;
mod get_widget;
mod join;
mod list_departments;
mod list_members;
mod origins;
mod queries;
mod service;
mod tell_grants;
mod update_department;
mod update_member;
mod update_tenant;
mod update_widget;

pub(crate) use change_self::{SelfChange, change_self};
pub(crate) use create::{NewTenant, create};
pub use error::TenantError;
pub(crate) use error::check_revision;
pub use origins::{allows_origin, any_allows_origin, origins_by_slug};
pub use queries::{
    check_assignable, department_exists, departments_by_member, departments_of, find_by_slug, find_member,
    find_member_by_email, grants_in, grants_of, member_names, show_tenant,
};
pub use service::service;
