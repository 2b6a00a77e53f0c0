//! Group A: real processes, really stopped, starved or cut off.

use std::rc::Rc;

use anyhow::{Context, Result};

use super::{Group, Scenario, TARGET_MS, cause, hygiene};
use crate::galen::free_port;
use crate::patients::{Fault, Patient};
use crate::sickroom::{Cgroup, Impossible, Room, Sick, Start};
use crate::ward::{Object, Ward};

/// The row the others are changed from.
const ROW: Scenario = Scenario {
    name: "",
    group: Group::Access,
    injected: &[],
    beside: &[],
    response_target_ms: TARGET_MS,
    twin: "sickroom",
    start: healthy,
};

/// ALL scenarios of this group.
pub const ALL: &[Scenario] = &[
    Scenario { name: "nothing-listens", injected: &[cause("F01")], start: nothing_listens, ..ROW },
    Scenario {
        name: "port-taken",
        injected: &[cause("F02")],
        twin: "fastapi",
        start: port_taken,
        ..ROW
    },
    Scenario { name: "first-address", injected: &[cause("F03")], start: first_address, ..ROW },
    Scenario { name: "deaf", injected: &[cause("F04")], start: deaf, ..ROW },
    Scenario { name: "syn-all-lost", injected: &[cause("F05")], start: all_lost, ..ROW },
    Scenario { name: "syn-some-lost", injected: &[cause("F05")], start: some_lost, ..ROW },
    Scenario { name: "descriptors", injected: &[cause("F06")], start: descriptors, ..ROW },
    Scenario { name: "stopped", injected: &[cause("F07")], start: stopped, ..ROW },
    Scenario { name: "frozen-v1", injected: &[cause("F07")], start: frozen_v1, ..ROW },
    Scenario { name: "frozen-v2", injected: &[cause("F07")], start: frozen_v2, ..ROW },
    Scenario { name: "certificate", injected: &[cause("F08")], start: certificate, ..ROW },
    Scenario { name: "local-ports", injected: &[cause("F09")], start: local_ports, ..ROW },
    Scenario { name: "name-server", injected: &[cause("F10")], start: name_server, ..ROW },
    Scenario { name: "dial-upstream", injected: &[cause("F11")], start: dial_upstream, ..ROW },
    Scenario { name: "clock", injected: &[hygiene("F12")], start: clock, ..ROW },
];

/// The words of the sickroom's FastAPI patient.
pub const APP: &[&str] = &["app.py", "PORT"];
/// Its paths of no fault.
pub const PATHS: &[&str] = &["/health", "/api/items"];

/// The patient without a fault.
///
/// # Errors
/// When it does not start.
pub fn app() -> Result<Sick> {
    Sick::start(Start { words: APP, ..Start::default() })
}

/// The same, in a ward.
///
/// # Errors
/// When it does not start.
pub fn healthy() -> Result<Ward> {
    Ok(Ward::of(app()?, "127.0.0.1", PATHS))
}

/// Nobody listens on a port.
///
/// # Errors
/// When no port can be had.
pub fn nothing_listens() -> Result<Ward> {
    let url = format!("http://127.0.0.1:{}", free_port()?);
    let address = url.trim_start_matches("http://").to_owned();
    Ok(Ward::at(url).named(Object::Has(vec![address])))
}

/// Another program on the port; the intended worker runs without one.
///
/// # Errors
/// When it does not start.
pub fn port_taken() -> Result<Ward> {
    let patient = Patient::start(Fault::PortTaken)?;
    let stranger = patient.helper_pids().first().copied().context("a stranger")?;
    let worker = patient.pid().to_string();
    let ward = Ward::with(patient).telling(["--pid".to_owned(), worker]);
    Ok(ward.named(Object::pid(stranger)))
}

/// Stopped by a signal.
///
/// # Errors
/// When it does not start.
pub fn stopped() -> Result<Ward> {
    let sick = app()?;
    sick.signal("STOP")?;
    let object = Object::pid(sick.pid());
    Ok(Ward::of(sick, "127.0.0.1", PATHS).named(object))
}

/// Thaws what was frozen: nothing that is frozen can be stopped.
struct Thaw(Rc<Cgroup>, &'static str, &'static str);

impl Drop for Thaw {
    fn drop(&mut self) {
        // The kernel refuses it only when the cgroup is gone.
        let _gone = self.0.set(self.1, self.2);
    }
}

fn frozen(version: &str, file: &'static str, [on, off]: [&'static str; 2]) -> Result<Ward> {
    let group = Rc::new(Cgroup::new(version, &[])?);
    let sick = app()?;
    group.add(sick.pid())?;
    group.set(file, on).context(Impossible("the freezer"))?;
    let object = Object::pid(sick.pid());
    let ward = Ward::empty().keeping(Rc::clone(&group));
    let ward = ward.around(sick, "127.0.0.1", &["/health"]).named(object);
    Ok(ward.keeping(Thaw(group, file, off)))
}

/// Frozen by the freezer of cgroup version 1.
///
/// # Errors
/// When it does not start, or the freezer cannot be had.
pub fn frozen_v1() -> Result<Ward> {
    frozen("freezer", "freezer.state", ["FROZEN", "THAWED"])
}

/// Frozen by the freezer of cgroup version 2.
///
/// # Errors
/// As [`frozen_v1`].
pub fn frozen_v2() -> Result<Ward> {
    frozen("unified", "cgroup.freeze", ["1", "0"])
}

/// No number for a further descriptor.
///
/// # Errors
/// When it does not start.
pub fn descriptors() -> Result<Ward> {
    let sick = app()?;
    sick.exhaust_descriptors()?;
    let object = Object::pid(sick.pid());
    Ok(Ward::of(sick, "127.0.0.1", PATHS).named(object))
}

/// A short queue, and nobody accepts.
///
/// # Errors
/// When it does not start.
pub fn deaf() -> Result<Ward> {
    let sick = Sick::start(Start { words: &["deaf.py", "PORT"], ..Start::default() })?;
    let object = Object::Is(format!("127.0.0.1:{}", sick.port()));
    Ok(Ward::of(sick, "127.0.0.1", &["/health"]).named(object))
}

fn filtered(rules: impl Fn(&str) -> String) -> Result<Ward> {
    let port = free_port()?;
    let syn = format!("iptables -A INPUT -i lo -p tcp --syn --dport {port}");
    let room = Room::new(&rules(&syn))?;
    let start = Start { words: APP, room: Some(&room), port: Some(port), ..Start::default() };
    let sick = Sick::start(start)?;
    let object = Object::Is(format!("127.0.0.1:{port}"));
    // The room goes last.
    let ward = Ward::empty().keeping(room);
    Ok(ward.around(sick, "127.0.0.1", &["/health"]).named(object))
}

/// Every connection request is dropped.
///
/// # Errors
/// When it does not start, or packets cannot be filtered.
pub fn all_lost() -> Result<Ward> {
    filtered(|syn| format!("{syn} -j DROP"))
}

/// Two of three connection requests are dropped: every connection takes three seconds.
///
/// # Errors
/// As [`all_lost`].
pub fn some_lost() -> Result<Ward> {
    filtered(|syn| {
        format!("{syn} -m statistic --mode nth --every 3 --packet 0 -j ACCEPT; {syn} -j DROP")
    })
}

fn two_addresses(host: &str) -> Result<Ward> {
    let port = free_port()?;
    let script = format!(
        "printf '::1 localhost\\n127.0.0.1 localhost\\n' > /run/galen-hosts-{port}; \
         mount --bind /run/galen-hosts-{port} /etc/hosts; rm /run/galen-hosts-{port}; \
         ip6tables -A INPUT -i lo -p tcp --dport {port} -j DROP"
    );
    let room = Room::new(&script)?;
    let start = Start { words: APP, room: Some(&room), port: Some(port), ..Start::default() };
    let sick = Sick::start(start)?;
    let object = Object::Is(format!("[::1]:{port}"));
    let ward = Ward::empty().keeping(room);
    Ok(ward.around(sick, host, PATHS).named(object))
}

/// The first address of the name swallows connections.
///
/// # Errors
/// As [`all_lost`].
pub fn first_address() -> Result<Ward> {
    two_addresses("localhost")
}

/// The same server by the literal address, which is healthy.
///
/// # Errors
/// As [`all_lost`].
pub fn literal_address() -> Result<Ward> {
    two_addresses("127.0.0.1")
}

/// A name server of this address that hears and never answers, for a patient in its room.
///
/// # Errors
/// When it does not start, or the room cannot be made.
pub fn mute_name_server(paths: &[&str], environment: &[(&str, &str)]) -> Result<Ward> {
    let script = "printf 'nameserver 127.0.0.57\\noptions timeout:2 attempts:2\\n' \
                  > /run/galen-resolv-$$; mount --bind /run/galen-resolv-$$ /etc/resolv.conf; \
                  rm /run/galen-resolv-$$; \
                  iptables -A INPUT -i lo -p tcp -d 127.0.0.9 --dport 9000 -j DROP";
    let room = Room::new(script)?;
    let start = Start { words: APP, room: Some(&room), environment, ..Start::default() };
    let mut sick = Sick::start(start)?;
    sick.beside(&["mute_dns.py", "127.0.0.57"])?;
    Ok(Ward::empty().keeping(room).around(sick, "127.0.0.1", paths))
}

/// A silent name server.
///
/// # Errors
/// As [`mute_name_server`].
pub fn name_server() -> Result<Ward> {
    let ward = mute_name_server(&["/health", "/api/lookup"], &[])?;
    Ok(ward.named(Object::Is("127.0.0.57:53".to_owned())))
}

/// An upstream that takes no connection.
///
/// # Errors
/// As [`all_lost`].
pub fn dial_upstream() -> Result<Ward> {
    let script = "iptables -A INPUT -i lo -p tcp -d 127.0.0.9 --dport 9000 -j DROP";
    let room = Room::new(script)?;
    let environment = &[("PATIENT_UPSTREAM", "127.0.0.9"), ("PATIENT_UPSTREAM_PORT", "9000")];
    let start = Start { words: APP, environment, room: Some(&room), ..Start::default() };
    let sick = Sick::start(start)?;
    let ward = Ward::empty().keeping(room);
    let ward = ward.around(sick, "127.0.0.1", &["/health", "/api/call"]);
    Ok(ward.named(Object::Is("127.0.0.9:9000".to_owned())))
}

/// No local port is left towards the upstream.
///
/// # Errors
/// When it does not start, or the room cannot be made.
pub fn local_ports() -> Result<Ward> {
    let port = free_port()?;
    let room = Room::new("sysctl -q -w net.ipv4.ip_local_port_range='20000 20399'")?;
    let upstream = room.beside(&["thinker.py", "9000", "600"])?;
    let environment = &[("PATIENT_FAULT", "ports"), ("PATIENT_UPSTREAM_PORT", "9000")];
    let start =
        Start { words: APP, environment, room: Some(&room), port: Some(port), ..Start::default() };
    let sick = Sick::start(start)?;
    let ward = Ward::empty().keeping(room).keeping(upstream);
    let ward = ward.around(sick, "127.0.0.1", &["/health", "/api/connect"]);
    Ok(ward.named(Object::Is("127.0.0.1:9000".to_owned())))
}

/// A clock two days behind.
///
/// # Errors
/// When it does not start, or faketime is not there.
pub fn clock() -> Result<Ward> {
    let wrapper = &["faketime", "-f", "-2d"];
    let environment = &[("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    let start = Start { words: APP, environment, wrapper, ..Start::default() };
    let sick = Sick::start(start).context(Impossible("faketime"))?;
    Ok(Ward::of(sick, "127.0.0.1", PATHS).named(Object::Is("target".to_owned())))
}

/// A certificate that expired two days ago.
///
/// # Errors
/// When it does not start.
pub fn certificate() -> Result<Ward> {
    let start = Start { words: &["tls_server.py", "PORT"], ..Start::default() };
    let sick = Sick::start_with_certificate(start)?;
    let url = format!("https://localhost:{}", sick.port());
    let object = Object::Has(vec![url.clone()]);
    Ok(Ward::at(url).keeping(sick).named(object))
}
