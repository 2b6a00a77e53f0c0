//! Whether a cookie of one worker is known to the others: the same GET with it, asked of each.

use std::collections::BTreeMap;

use super::descriptors;
use super::http;
use super::http_client::{Asking, Connection, Exchange, ask, bound_socket};
use super::scene::{Address, Scene};
use super::sock_diag::SockDiag;
use crate::evidence::{FactKey, Source, Value, object};
use crate::progress::Stage;

/// Requests outstanding at once, so that more than one worker accepts some.
const AT_ONCE: usize = 8;
/// Rounds of them, at most: until two workers have answered often enough.
const ROUNDS: usize = 4;
/// Answers of the issuer and of others that are enough.
const ENOUGH: u64 = 4;

/// Answers by label.
type Counts = BTreeMap<String, u64>;

/// Asks with the cookie of one worker.
pub async fn run(scene: &Scene<'_>, address: &Address) {
    let source = Source::new(
        "sessions",
        "GET with the cookie of one worker; who answered, by the inode of the connection's socket",
        "curl -c jar BASE/path; for i in $(seq 20); do curl -b jar -si BASE/path; done",
    );
    let paths = setting_paths(scene);
    if scene.found().pids.len() < 2 || !address.local || paths.is_empty() {
        scene.fact(FactKey::SessionOtherWorkers, object::TARGET, Counts::new(), &source);
        return;
    }
    for path in paths.iter().take(2) {
        scene.step(Stage::Probe, &format!("the cookie of {path}"));
        one(scene, address, path, &source).await;
    }
}

/// Paths whose first answer set a cookie that is not taken back.
fn setting_paths(scene: &Scene<'_>) -> Vec<String> {
    let sets = |value: &Value| matches!(value, Value::List(all) if !all.is_empty());
    let drafts = scene.collector.so_far(FactKey::CookiesSet);
    drafts.into_iter().filter(|draft| sets(&draft.value)).map(|draft| draft.object).collect()
}

async fn one(scene: &Scene<'_>, address: &Address, path: &str, source: &Source) {
    let Some((exchange, Some(issuer))) = asked(scene, address, path, Asking::default()).await
    else {
        return;
    };
    let cookies = pairs(&exchange);
    if cookies.is_empty() {
        return;
    }
    let sent = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    let with = Asking::default().with("cookie", &sent.join("; "));
    let mut without = Counts::new();
    *without.entry(label(&exchange, &[])).or_default() += 1;
    let (mut same, mut others) = (Counts::new(), Counts::new());
    let sum = |counts: &Counts| counts.values().sum::<u64>();
    for _ in 0..ROUNDS {
        let requests = (0..AT_ONCE).map(|_| asked(scene, address, path, with.clone()));
        for answered in side_by_side(requests.collect()).await {
            let Some((exchange, Some(owner))) = answered else { continue };
            let counts = if owner == issuer { &mut same } else { &mut others };
            *counts.entry(label(&exchange, &cookies)).or_default() += 1;
        }
        if sum(&same) >= ENOUGH && sum(&others) >= ENOUGH {
            break;
        }
    }
    scene.fact(FactKey::SessionIssuer, path, issuer, source);
    scene.fact(FactKey::SessionWithout, path, without, source);
    scene.fact(FactKey::SessionSameWorker, path, same, source);
    scene.fact(FactKey::SessionOtherWorkers, path, others, source);
}

/// One answer, and the process that holds its connection.
async fn asked(
    scene: &Scene<'_>,
    address: &Address,
    path: &str,
    asking: Asking,
) -> Option<(Exchange, Option<u32>)> {
    let (socket, own) = bound_socket(address).ok()?;
    let full = http::full(address, path);
    let (exchange, kept) = ask(address, (&asking, &full), Some(socket), http::limits(scene)).await;
    exchange.status()?;
    let owner = owner(scene, address, own, kept.as_ref());
    Some((exchange, owner))
}

/// Who holds the server's side; nobody once the connection is closed.
fn owner(
    scene: &Scene<'_>,
    address: &Address,
    own: std::net::SocketAddr,
    kept: Option<&Connection>,
) -> Option<u32> {
    kept?;
    let socket = SockDiag::open().ok()?.exact(address.socket, own).ok()??;
    let inode = u64::from(socket.inode);
    let owns = |pid: &u32| inode != 0 && descriptors::socket_inodes(*pid).contains(&inode);
    scene.found().pids.into_iter().find(owns)
}

/// Names and values of the cookies an answer sets.
fn pairs(answer: &Exchange) -> Vec<(String, String)> {
    answer
        .headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|raw| raw.to_str().ok())
        .filter_map(|text| text.split(';').next()?.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// The status, and whether a cookie is set that was not sent so.
fn label(answer: &Exchange, sent: &[(String, String)]) -> String {
    let sets_anew = pairs(answer).iter().any(|pair| !sent.contains(pair));
    let status = answer.status().unwrap_or_default();
    format!("{status}, {}", if sets_anew { "a new cookie" } else { "no new cookie" })
}

async fn side_by_side<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut pinned: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, slot) in pinned.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}
