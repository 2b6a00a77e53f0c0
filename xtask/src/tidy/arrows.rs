//! The arrows between rooms: the one table, held against what cargo says.

use super::Fault;
use super::house::House;

/// A room, the rooms its ordinary code may name, and those only its tests may.
struct Room {
    name: &'static str,
    may: &'static [&'static str],
    tests_may: &'static [&'static str],
}

const fn room(name: &'static str, may: &'static [&'static str]) -> Room {
    Room { name, may, tests_may: &["galen-testkit"] }
}

const EVERY_ROOM: &[&str] = &[
    "galen-core",
    "galen-account",
    "galen-monitor",
    "galen-doctor",
    "galen-http",
    "galen-post",
    "galen-store",
];

const CORE: &[&str] = &["galen-core"];

/// ALL rooms and the arrows between them.
const ALL: &[Room] = &[
    room("galen-core", &[]),
    // Its rules are tested on a real store: a rule that holds on a pretended one proves little.
    Room { name: "galen-account", may: CORE, tests_may: &["galen-testkit", "galen-store"] },
    room("galen-monitor", CORE),
    room("galen-doctor", CORE),
    room("galen-post", CORE),
    room("galen-store", CORE),
    room("galen-testkit", CORE),
    // Its tests speak over real sockets to the whole, and the whole needs a store.
    Room {
        name: "galen-http",
        may: &["galen-core", "galen-account", "galen-monitor", "galen-doctor"],
        tests_may: &["galen-testkit", "galen-store"],
    },
    room("galen", EVERY_ROOM),
    room("xtask", &[]),
];

/// Packages that may name anything: they stand outside the house and look at it.
const FREE: &[&str] = &["galen-tests", "galen-benches"];

/// Libraries a room must stay free of, and why.
struct Ban {
    room: &'static str,
    library: &'static str,
    why: &'static str,
}

/// ALL bans on libraries.
const BANS: &[Ban] = &[
    Ban { room: "galen-core", library: "tokio", why: "core does no I/O and knows no runtime" },
    Ban { room: "galen-account", library: "rusqlite", why: "account rules know no SQL" },
    Ban { room: "galen-account", library: "axum", why: "account rules know no HTTP" },
    Ban { room: "galen-http", library: "rusqlite", why: "SQL belongs to the store" },
    Ban {
        room: "galen-monitor",
        library: "rusqlite",
        why: "the monitor's history is a port of core",
    },
    Ban { room: "galen-doctor", library: "axum", why: "the doctor serves nothing" },
    Ban { room: "galen-post", library: "rusqlite", why: "the outbox is the store's" },
    Ban { room: "galen-post", library: "axum", why: "the couriers serve nothing" },
    Ban { room: "galen-store", library: "axum", why: "the store knows no HTTP" },
];

/// Holds every package against the table.
pub fn judge(house: &House) -> Vec<Fault> {
    let ours = |name: &str| name == "galen" || name.starts_with("galen-") || name == "xtask";
    let mut faults = Vec::new();
    for package in &house.packages {
        if FREE.contains(&package.name.as_str()) {
            continue;
        }
        let Some(room) = ALL.iter().find(|room| room.name == package.name) else {
            faults.push(Fault::at(
                &package.name,
                "has no row in the table of arrows (xtask/src/tidy/arrows.rs)",
            ));
            continue;
        };
        for used in package.uses.iter().filter(|used| ours(used)) {
            if !room.may.contains(&used.as_str()) {
                faults.push(Fault::at(&package.name, format!("must not depend on {used}")));
            }
        }
        for tried in package.tries.iter().filter(|tried| ours(tried)) {
            if !room.may.contains(&tried.as_str()) && !room.tests_may.contains(&tried.as_str()) {
                faults.push(Fault::at(
                    &package.name,
                    format!("must not depend on {tried}, not even in tests"),
                ));
            }
        }
        for ban in BANS.iter().filter(|ban| ban.room == package.name) {
            if package.uses.iter().any(|used| used == ban.library) {
                faults.push(Fault::at(
                    &package.name,
                    format!("must not depend on {}: {}", ban.library, ban.why),
                ));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::house::Package;

    fn house(name: &str, uses: &[&str], tries: &[&str]) -> House {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let package = Package { name: name.to_owned(), uses: owned(uses), tries: owned(tries) };
        House { packages: vec![package], ..House::default() }
    }

    #[test]
    fn an_arrow_from_the_doctor_to_the_store_is_refused() {
        let faults = judge(&house("galen-doctor", &["galen-core", "galen-store"], &[]));
        assert_eq!(faults, [Fault::at("galen-doctor", "must not depend on galen-store")]);
    }

    #[test]
    fn the_testkit_is_allowed_in_tests_only() {
        assert!(judge(&house("galen-account", &["galen-core"], &["galen-testkit"])).is_empty());
        assert_eq!(judge(&house("galen-account", &["galen-testkit"], &[])).len(), 1);
    }

    #[test]
    fn core_stays_free_of_the_runtime() {
        assert_eq!(judge(&house("galen-core", &["tokio"], &[])).len(), 1);
    }

    #[test]
    fn a_package_outside_the_table_is_named() {
        assert_eq!(judge(&house("galen-new", &[], &[])).len(), 1);
    }
}
