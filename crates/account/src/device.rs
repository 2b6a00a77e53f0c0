//! Which device somebody signs in from, as far as that can be told without marking it.

use std::net::IpAddr;

use galen_core::Cx;
use galen_core::links::Device;
use galen_core::post::{LetterCode, Param};

use crate::letters::with;
use crate::{Accounts, fields};

impl Accounts {
    /// The device of a sign-in: what the browser calls itself without its version numbers, and the
    /// wider network it comes from (IPv4 /16, IPv6 /32), because an update of the browser or a new
    /// address from the same provider is no new device. Only a keyed digest of it is kept.
    pub(crate) fn device(&self, cx: &Cx, user_agent: Option<&str>) -> Device {
        let agent = fields::user_agent(user_agent.map(str::to_owned)).unwrap_or_default();
        let family: String = agent.chars().filter(|c| !c.is_ascii_digit()).collect();
        let network = wider_network(cx.address);
        let code = self.keys.code(&[b"galen device v1 ", family.as_bytes(), b"\0", &network]);
        let mut digest = [0; 16];
        digest.copy_from_slice(&code[..16]);
        let owed = with(self.letter(cx, LetterCode::NewDevice), "device", Param::Machine(agent));
        Device { digest, owed: self.warning(owed, "Somebody signed in from a new device") }
    }
}

fn wider_network(address: Option<IpAddr>) -> Vec<u8> {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(v4)) => v4.octets()[..2].to_vec(),
        Some(IpAddr::V6(v6)) => v6.octets()[..4].to_vec(),
        None => Vec::new(),
    }
}
