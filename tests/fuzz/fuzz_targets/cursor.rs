//! A cursor as anybody may send it: nothing that was not sealed here opens. And whatever was sealed is read without trust in its form:
//! a place comes only of a whole content of the tenant, and gives the same cursor again.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use rapport_core::{
    events::cursor::{Cursors, Place},
    ids::TenantId,
    keys::MasterKey,
    seal::{Purpose, Sealer},
};
use uuid::Uuid;

const TENANT: &str = "tenant_01jk0000000000000000000000";
const EPOCH: Uuid = Uuid::from_u128(7);

struct Made {
    sealer: Arc<Sealer>,
    cursors: Cursors,
    tenant: TenantId,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let sealer = Arc::new(Sealer::new(&MasterKey::from_bytes([7; 32])));
    let cursors = Cursors::new(Arc::clone(&sealer), EPOCH);
    Made { sealer, cursors, tenant: TENANT.parse().expect("an id") }
});

fuzz_target!(|bytes: &[u8]| {
    let Made { sealer, cursors, tenant } = &*MADE;
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(cursors.open(*tenant, text).is_err(), "a stranger's cursor opened: {text}");
    }
    // As it comes, and with what a cursor of this tenant and store begins with.
    let whole = [&tenant.uuid().as_bytes()[..], EPOCH.as_bytes(), bytes].concat();
    for content in [bytes, &whole] {
        let text = sealer.seal(Purpose::Cursor, content).expect("sealed");
        match cursors.open(*tenant, &text) {
            Ok(Place::After(number, at)) => {
                assert_eq!(cursors.seal(*tenant, number, at).expect("sealed"), text);
            }
            Ok(Place::OtherEpoch) => assert_ne!(content[16..32], EPOCH.as_bytes()[..]),
            Err(_) => assert!(content.len() != 48 || content[..16] != tenant.uuid().as_bytes()[..]),
        }
        let other = sealer.seal(Purpose::Page, content).expect("sealed");
        assert!(cursors.open(*tenant, &other).is_err(), "a page token opened as a cursor");
    }
});
