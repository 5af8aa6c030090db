//! What every process of Rapport needs around its work, core and edge alike: [`settings`], [`telemetry`], [`spans`], the loop that accepts
//! connections ([`accept`]), the operators' listener ([`admin`]), who asks it ([`health`]), the way to Redis ([`redis`]), the end of the
//! process ([`process`]). It knows no domain.

pub mod accept;
pub mod admin;
pub mod health;
pub mod memory;
pub mod patience;
pub mod process;
pub mod redis;
pub mod request_id;
pub mod settings;
pub mod spans;
pub mod telemetry;
