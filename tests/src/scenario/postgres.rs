//! Group D: PostgreSQL, by a shop's backend with one fault each.

use anyhow::{Context, Result};

use super::{Group, STRICT_MS, Scenario, cause, hygiene};
use crate::galen::free_port;
use crate::shop::{Fault, Shop};
use crate::ward::{Object, Ward};

/// The row the others are changed from.
const ROW: Scenario = Scenario {
    name: "",
    group: Group::Postgres,
    injected: &[],
    beside: &[],
    response_target_ms: STRICT_MS,
    twin: "shop",
    start: healthy,
};

/// ALL scenarios of this group.
pub const ALL: &[Scenario] = &[
    Scenario { name: "pg-locked", injected: &[cause("F49")], start: locked, ..ROW },
    Scenario { name: "pg-idle-transaction", injected: &[cause("F50")], start: idle, ..ROW },
    Scenario { name: "pg-pool-exhausted", injected: &[cause("F51")], start: exhausted, ..ROW },
    Scenario { name: "pg-pool-leaked", injected: &[cause("F52")], start: leaked, ..ROW },
    Scenario { name: "pg-no-connection", injected: &[cause("F53")], start: full, ..ROW },
    Scenario {
        name: "pg-missing-index",
        injected: &[cause("F54")],
        // The endpoint asks once for each customer, which is true as well.
        beside: &["F63"],
        start: missing_index,
        ..ROW
    },
    Scenario {
        name: "pg-stale-statistics",
        injected: &[cause("F55")],
        // The update that makes the statistics stale leaves dead rows, which is true as well.
        beside: &["F56"],
        start: stale,
        ..ROW
    },
    Scenario {
        name: "pg-dead-rows",
        injected: &[hygiene("F56"), hygiene("F59"), hygiene("F62")],
        start: untidy,
        ..ROW
    },
    Scenario { name: "pg-slow-disk", injected: &[cause("F58")], start: slow_disk, ..ROW },
    Scenario { name: "pg-down", injected: &[cause("F61")], start: down, ..ROW },
];

/// The paths of a shop.
pub const PATHS: &[&str] = &["/health", "/api/orders"];

/// A shop that the doctor looks into as a role.
///
/// # Errors
/// When it does not start.
pub fn seen_by(role: &str, shop: Shop) -> Result<Ward> {
    let url = shop.address(role);
    Ok(Ward::at(shop.url()).asking(PATHS).telling(["--db".to_owned(), url]).keeping(shop))
}

fn shop(fault: Fault) -> Result<(Ward, String)> {
    let shop = Shop::start(fault)?;
    let said = shop.helper().map(|(_, said)| said.to_owned()).unwrap_or_default();
    Ok((seen_by("galen_doctor", shop)?, said))
}

/// A shop without a fault.
///
/// # Errors
/// When it does not start.
pub fn healthy() -> Result<Ward> {
    Ok(shop(Fault::None)?.0)
}

fn locked() -> Result<Ward> {
    let (ward, backend) = shop(Fault::Locked)?;
    Ok(ward.named(Object::Is(backend)))
}

fn idle() -> Result<Ward> {
    let (ward, backend) = shop(Fault::IdleTransaction)?;
    Ok(ward.named(Object::Is(backend)))
}

fn own_pid(fault: Fault) -> Result<Ward> {
    let shop = Shop::start(fault)?;
    let pid = shop.pid();
    Ok(seen_by("galen_doctor", shop)?.named(Object::pid(pid)))
}

fn exhausted() -> Result<Ward> {
    own_pid(Fault::PoolExhausted)
}

fn leaked() -> Result<Ward> {
    own_pid(Fault::PoolLeaked)
}

fn full() -> Result<Ward> {
    let ward = seen_by("galen", Shop::start(Fault::NoConnectionLeft)?)?;
    Ok(ward.named(Object::Is("batch-import (app)".to_owned())))
}

fn missing_index() -> Result<Ward> {
    Ok(shop(Fault::MissingIndex)?.0.named(Object::Ends("#public.orders".to_owned())))
}

fn stale() -> Result<Ward> {
    Ok(shop(Fault::StaleStatistics)?.0.named(Object::Ends("#public.parcels".to_owned())))
}

fn slow_disk() -> Result<Ward> {
    Ok(shop(Fault::SlowDisk)?.0.named(Object::Is("IO:WALSync".to_owned())))
}

fn untidy() -> Result<Ward> {
    let shop = Shop::start(Fault::Untidy)?;
    let database = shop.database().to_owned();
    let ward = seen_by("galen_doctor", shop)?.named(Object::Ends("#public.customers".to_owned()));
    Ok(ward.named(Object::Ends(database)).named(Object::Is("old_standby".to_owned())))
}

fn down() -> Result<Ward> {
    let shop = Shop::start(Fault::Down)?;
    let nowhere = free_port().context("a port")?;
    let url = format!("postgres://app@127.0.0.1:{nowhere}/shop");
    let ward = Ward::at(shop.url()).asking(PATHS).telling(["--db".to_owned(), url]).keeping(shop);
    Ok(ward.named(Object::Has(vec![nowhere.to_string()])))
}
