//! Workspaces, the people in them and the departments they form.
//!
//! Other slices ask here who is who: [`grants_of`] says what a caller may hear, [`find_member`] and [`member_names`] who a
//! member is. A workspace is made by [`create`] alone, whoever asks for it.

mod acting;
mod blind;
mod convert;
mod create;
mod create_department;
mod create_member;
mod create_tenant;
pub mod entity;
mod error;
mod get_tenant;
mod join;
mod list_departments;
mod list_members;
mod queries;
mod service;
mod tell_grants;
mod update_department;
mod update_member;
mod update_tenant;

pub(crate) use create::{NewTenant, create};
pub use error::TenantError;
pub use queries::{
    department_exists, departments_of, find_by_slug, find_member, find_member_by_email, find_tenant,
    grants_of, member_names,
};
pub use service::service;
