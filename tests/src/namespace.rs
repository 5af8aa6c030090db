//! A network namespace with two wires to this one, for clients and for servers; each can be cut, made deaf in one direction, or slow.
//!
//! Needs the right to make namespaces and devices, as root has it; everything is removed when dropped.

use std::net::Ipv4Addr;
use std::process::Command;

use crate::skip::skipped;

/// The namespace.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    /// The wire clients come by.
    pub clients: Wire,
    /// The wire to the servers it depends on.
    pub servers: Wire,
}

/// A hardware address that nobody has.
const NOBODY: &str = "02:00:00:00:00:01";

/// A pair of devices.
#[derive(Debug)]
pub struct Wire {
    device: String,
    inner: String,
    namespace: String,
    /// The address at this end.
    pub here: Ipv4Addr,
    /// The address in the namespace.
    pub there: Ipv4Addr,
}

impl Namespace {
    /// Makes one; `None`, with a word of why, where that is not allowed.
    #[must_use]
    pub fn make() -> Option<Self> {
        let (name, net) = (format!("rt{:08x}", rand::random::<u32>()), rand::random::<u8>());
        if let Err(why) = ip(&["netns", "add", &name]) {
            skipped(&format!("a network namespace cannot be made here: {}", why.trim()));
            return None;
        }
        let wire = |end: &str, first: u8| Wire {
            device: format!("{name}{end}"),
            inner: format!("{name}{end}i"),
            namespace: name.clone(),
            here: Ipv4Addr::new(10, 213, net, first),
            there: Ipv4Addr::new(10, 213, net, first + 1),
        };
        let (clients, servers) = (wire("c", 1), wire("s", 5));
        let made = Self { name, clients, servers };
        for wire in [&made.clients, &made.servers] {
            let inner = &wire.inner;
            let add =
                ["link", "add", &wire.device, "type", "veth", "peer", "name", inner, "netns", &made.name];
            if let Err(why) = ip(&add) {
                skipped(&format!("a pair of devices cannot be made here: {}", why.trim()));
                return None;
            }
            must(&["addr", "add", &format!("{}/30", wire.here), "dev", &wire.device]);
            must(&["-n", &made.name, "addr", "add", &format!("{}/30", wire.there), "dev", inner]);
            must(&["-n", &made.name, "link", "set", inner, "up"]);
            wire.plug();
        }
        must(&["-n", &made.name, "link", "set", "lo", "up"]);
        Some(made)
    }

    /// What stands before a program that is to run there.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name].map(str::to_owned).to_vec()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        for wire in [&self.clients, &self.servers] {
            // With one end the other goes. The namespace alone would go later, with the last socket in it.
            let _ = ip(&["link", "del", &wire.device]);
        }
        let removed = ip(&["netns", "del", &self.name]);
        assert!(removed.is_ok() || std::thread::panicking(), "a network namespace is left: {removed:?}");
    }
}

impl Wire {
    /// Pulls the plug: nothing passes, and neither side is told.
    pub fn unplug(&self) {
        must(&["link", "set", &self.device, "down"]);
    }

    /// Puts it in again.
    pub fn plug(&self) {
        must(&["link", "set", &self.device, "up"]);
    }

    /// What comes from the other end is lost, and nobody there is told; what goes there arrives.
    pub fn go_deaf(&self) {
        must(&[
            "-n",
            &self.namespace,
            "neigh",
            "replace",
            &self.here.to_string(),
            "lladdr",
            NOBODY,
            "dev",
            &self.inner,
        ]);
    }

    /// The same at the other end.
    pub fn make_deaf(&self) {
        must(&["neigh", "replace", &self.there.to_string(), "lladdr", NOBODY, "dev", &self.device]);
    }

    /// Everything passes again, both ways and as fast as it goes.
    pub fn mend(&self) {
        let _ = ip(&["-n", &self.namespace, "neigh", "del", &self.here.to_string(), "dev", &self.inner]);
        let _ = ip(&["neigh", "del", &self.there.to_string(), "dev", &self.device]);
        let _ = tc(&["qdisc", "del", "dev", &self.device, "root"]);
        self.plug();
    }

    /// Lets so many thousand bits a second through to the other end; false where the kernel cannot do it.
    #[must_use]
    pub fn slow_down(&self, kbit: u32) -> bool {
        let rate = format!("{kbit}kbit");
        let slow = ["qdisc", "add", "dev", &self.device, "root", "tbf", "rate", &rate];
        tc(&[&slow[..], &["burst", "1600", "latency", "400ms"]].concat()).is_ok()
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    run("ip", arguments)
}

fn tc(arguments: &[&str]) -> Result<(), String> {
    run("tc", arguments)
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|why| format!("{program}: {why}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn must(arguments: &[&str]) {
    ip(arguments).unwrap_or_else(|why| panic!("ip {}: {why}", arguments.join(" ")));
}
