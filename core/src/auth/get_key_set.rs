//! `GetKeySet`: the public keys of access tokens.

use std::sync::Arc;

use rapport_proto::auth::v1 as pb;

use crate::app::App;

pub(super) fn run(app: &Arc<App>, _req: pb::GetKeySetRequest) -> pb::GetKeySetResponse {
    pb::GetKeySetResponse { keys: app.tokens.public_keys() }
}
