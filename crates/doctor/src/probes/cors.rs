//! The same requests as a browser sends them for a page of another origin, and as a stranger's page.

use std::collections::BTreeMap;

use super::census::Census;
use super::http::{self, SLOW_MS};
use super::http_client::{Asking, Exchange, ask};
use super::scene::{Address, Scene};
use super::sock_diag::SockDiag;
use crate::evidence::{FactKey, Source, object, redact};

/// Where development servers of front ends listen: tried when no origin is given.
const USUAL: &[&str] = &[
    "http://localhost:3000",
    "http://localhost:5173",
    "http://localhost:4200",
    "http://localhost:8080",
    "http://127.0.0.1:3000",
];
/// An origin that nobody has (RFC 6761, section 6.4).
pub const FOREIGN: &str = "https://galen-doctor.invalid";
/// Most endpoints asked.
const ENDPOINTS_MAX: usize = 8;
/// Ports at which TLS ends, if it ends on this machine.
const TLS_PORTS: &[u16] = &[443, 8443];
/// The header that answers an Origin (Fetch, section 3.3).
const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// Asks with an Origin, and for cookies notes whether TLS ends on this machine.
pub async fn run(scene: &Scene<'_>, address: &Address) {
    fronts(scene);
    let paths = quick_paths(scene);
    let Some(first) = paths.first() else { return };
    let limits = http::limits(scene);
    let asked: Vec<String> = match &scene.target.origin {
        Some(origin) => vec![origin.clone()],
        None => USUAL.iter().map(|origin| (*origin).to_owned()).collect(),
    };
    let mut allowed = Vec::new();
    for origin in &asked {
        let preflight =
            Asking::preflight().with("origin", origin).with("access-control-request-method", "GET");
        let full = http::full(address, first);
        let (answer, _) = ask(address, (&preflight, &full), None, limits).await;
        let (plain, _) =
            ask(address, (&Asking::default().with("origin", origin), &full), None, limits).await;
        if [&answer, &plain].iter().any(|one| allows(one, origin)) {
            allowed.push(origin.clone());
        }
    }
    let given = scene.target.origin.is_some();
    let source = source(if given { "the origin given" } else { "usual origins" });
    if let Some(origin) = &scene.target.origin {
        scene.fact(FactKey::CorsExpected, object::TARGET, redact::text(origin), &source);
    }
    let origin = allowed.first().or(asked.first()).cloned().unwrap_or_default();
    scene.fact(FactKey::CorsAsked, object::TARGET, asked, &source);
    scene.fact(FactKey::CorsAllowed, object::TARGET, allowed, &source);
    for path in &paths {
        endpoint(scene, address, path, &origin).await;
    }
}

/// Endpoints that answer quickly, well or not.
fn quick_paths(scene: &Scene<'_>) -> Vec<String> {
    let mut paths: Vec<String> = scene
        .collector
        .so_far(FactKey::HttpTotalMs)
        .into_iter()
        .filter(|draft| object::parse_endpoint(&draft.object).1 == 1)
        .filter(|draft| draft.value.number().is_some_and(|median| median < SLOW_MS))
        .map(|draft| draft.object)
        .collect();
    paths.dedup();
    paths.truncate(ENDPOINTS_MAX);
    paths
}

fn source(what: &str) -> Source {
    Source::new(
        "cors",
        format!("OPTIONS and GET with an Origin: {what}"),
        "curl -si -H 'Origin: ORIGIN' BASE/path",
    )
}

fn allowed_origin(answer: &Exchange) -> String {
    redact::text(answer.header(ALLOW_ORIGIN).unwrap_or("none"))
}

fn allows(answer: &Exchange, origin: &str) -> bool {
    let is_ok = answer.status().is_some_and(|status| status < 500);
    is_ok && matches!(answer.header(ALLOW_ORIGIN), Some(given) if given == origin || given == "*")
}

async fn endpoint(scene: &Scene<'_>, address: &Address, path: &str, origin: &str) {
    let limits = http::limits(scene);
    let full = http::full(address, path);
    let known = Asking::default().with("origin", origin);
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    let mut varies = true;
    for _ in 0..2 {
        let (answer, _) = ask(address, (&known, &full), None, limits).await;
        let Some(status) = answer.status() else { continue };
        *answers.entry(format!("{status} {}", allowed_origin(&answer))).or_default() += 1;
        let vary = answer.headers.get_all("vary").iter().filter_map(|raw| raw.to_str().ok());
        varies &= vary.into_iter().any(|text| {
            text.split(',')
                .any(|one| matches!(one.trim().to_ascii_lowercase().as_str(), "origin" | "*"))
        });
    }
    let sent = source(origin);
    scene.fact(FactKey::CorsAnswers, path, answers, &sent);
    scene.fact(FactKey::CorsVary, path, varies, &sent);
    let foreign = Asking::default().with("origin", FOREIGN);
    let (answer, _) = ask(address, (&foreign, &full), None, limits).await;
    let sent = source(FOREIGN);
    scene.fact(FactKey::CorsForeign, path, allowed_origin(&answer), &sent);
    let credentials = answer
        .header("access-control-allow-credentials")
        .is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
    scene.fact(FactKey::CorsCredentials, path, credentials, &sent);
}

/// Programs that listen where TLS ends.
fn fronts(scene: &Scene<'_>) {
    let census = Census::take();
    let listeners = SockDiag::open().and_then(|mut diag| diag.listeners()).unwrap_or_default();
    let mut programs: Vec<String> = listeners
        .iter()
        .filter(|one| TLS_PORTS.contains(&one.local.port()))
        .map(|one| {
            let owner = census.owners_of(u64::from(one.inode)).into_iter().next();
            let exe = owner.and_then(|pid| census.get(pid)?.exe.clone());
            let name = exe.map_or_else(|| "unknown".to_owned(), |exe| exe.display().to_string());
            format!("{} {}", one.local, redact::text(&name))
        })
        .collect();
    programs.sort_unstable();
    let source = Source::new("cors", "LISTEN sockets of this machine", "ss -ltnp");
    scene.fact(FactKey::TlsFronts, object::TARGET, programs, &source);
}
