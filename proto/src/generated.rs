//! What the build wrote. Its style is the generator's; its docs are the comments of the contract.
#![expect(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

include!(concat!(env!("OUT_DIR"), "/messages.rs"));

mod validation {
    use crate::google::api::HttpBody;
    use crate::validate::rules::{self, Shape, Text};
    use crate::validate::{Path, Validate, Violations};

    include!(concat!(env!("OUT_DIR"), "/validation.rs"));

    // An answer only; what is in it is the rpc's own.
    impl Validate for HttpBody {
        fn check(&self, _path: &Path<'_>, _out: &mut Violations) {}
    }
}
