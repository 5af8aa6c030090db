//! What the scenarios are measured against: the least a program must do that stores the same rows or gives the same answer,
//! written by hand, without layers, rules, tenants' handles or a driver that speaks through channels.

pub(crate) mod batches;
pub(crate) mod disk;
pub(crate) mod echo;
pub(crate) mod pgbench;
pub(crate) mod postgres;
pub(crate) mod sqlite;
