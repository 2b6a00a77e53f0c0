//! A crowd of readers of one server's stream: what each costs it, and when each is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// What each message's title begins with; its number follows.
const MARK: &str = "round-";

/// How long stragglers are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many connections are opened at a time.
const OPENING: usize = 64;

/// What is to be done.
#[derive(Deserialize)]
pub(crate) struct Job {
    /// The server's address.
    address: String,
    /// Its process, whose memory is read.
    pid: u32,
    /// The stream's path.
    path: String,
    /// The readers' cookies, used in turns.
    cookies: Vec<String>,
    /// How many streams.
    count: usize,
    /// How many messages.
    publishes: usize,
    /// The time between two of them; 0: each waits until the one before has arrived.
    interval_ms: u64,
    /// At how many streams each arrives.
    expected: usize,
    /// Where messages are published, with which headers and bodies; `@` in a body is the title.
    publish_path: String,
    publish_headers: Vec<String>,
    bodies: Vec<String>,
}

/// One arrival: which message, and when.
type Arrival = (usize, Instant);

/// Opens the streams, publishes, and gives the figures.
pub(crate) fn run(file: &str) -> Result<Value> {
    let job: Job = serde_json::from_str(&std::fs::read_to_string(file).context("the job")?)?;
    raise_open_files()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(go(Arc::new(job)))
}

fn raise_open_files() -> Result<()> {
    let mut limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current = limit.maximum;
    Ok(rustix::process::setrlimit(rustix::process::Resource::Nofile, limit)?)
}

async fn go(job: Arc<Job>) -> Result<Value> {
    let before_kib = resident_kib(job.pid)?;
    let (tell, mut arrivals) = mpsc::unbounded_channel();
    let opened = Instant::now();
    let mut opening = tokio::task::JoinSet::new();
    for number in 0..job.count {
        if opening.len() >= OPENING {
            opening.join_next().await.context("nothing opens")???;
        }
        let (job, tell) = (Arc::clone(&job), tell.clone());
        opening.spawn(async move { open(&job, number, tell).await });
    }
    while let Some(done) = opening.join_next().await {
        done??;
    }
    let opened_s = opened.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let open_kib = resident_kib(job.pid)?;
    let sent: Arc<Mutex<HashMap<usize, Instant>>> = Arc::default();
    let publishing = tokio::spawn(publish(Arc::clone(&job), Arc::clone(&sent)));
    let wanted = job.publishes * job.expected;
    let mut found: Vec<Arrival> = Vec::with_capacity(wanted);
    let mut told = vec![0_usize; job.publishes];
    let whole = PATIENCE + Duration::from_millis(job.interval_ms * job.publishes as u64);
    let until = Instant::now() + whole;
    while found.len() < wanted {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(Some(arrival)) = tokio::time::timeout(left, arrivals.recv()).await else { break };
        if let Some(count) = told.get_mut(arrival.0) {
            *count += 1;
        }
        found.push(arrival);
    }
    publishing.await??;
    let after_kib = resident_kib(job.pid)?;
    let sent = sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut ms: Vec<f64> = found
        .iter()
        .filter_map(|(number, at)| Some((*at - *sent.get(number)?).as_secs_f64() * 1e3))
        .collect();
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| ms.get(((ms.len() as f64 * share) as usize).min(ms.len().max(1) - 1));
    Ok(json!({
        "open": job.count, "opened_s": opened_s, "rss_before_kib": before_kib,
        "rss_open_kib": open_kib, "rss_after_kib": after_kib, "wanted": wanted,
        "arrived": found.len(), "uneven": told.iter().filter(|n| **n != job.expected).count(),
        "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": ms.last(),
    }))
}

/// Opens one stream, waits for the head of its answer, and leaves a task that reads on.
async fn open(job: &Job, number: usize, tell: mpsc::UnboundedSender<Arrival>) -> Result<()> {
    let mut socket = TcpStream::connect(&job.address).await?;
    let cookie = job.cookies.get(number % job.cookies.len().max(1)).map_or("", String::as_str);
    let head =
        format!("GET {} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\n\r\n", job.path, job.address);
    socket.write_all(head.as_bytes()).await?;
    let mut bytes = [0_u8; 2048];
    let mut seen = Vec::new();
    while !seen.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = socket.read(&mut bytes).await?;
        if read == 0 {
            bail!("stream {number} was closed");
        }
        seen.extend_from_slice(&bytes[..read]);
    }
    if !seen.starts_with(b"HTTP/1.1 200") {
        bail!("stream {number}: {}", String::from_utf8_lossy(&seen));
    }
    tokio::spawn(async move {
        let mut rest: Vec<u8> = Vec::new();
        let mut bytes = [0_u8; 2048];
        while let Ok(read @ 1..) = socket.read(&mut bytes).await {
            let at = Instant::now();
            rest.extend_from_slice(&bytes[..read]);
            take_marks(&mut rest, |number| tell.send((number, at)).is_ok());
        }
    });
    Ok(())
}

/// Takes every whole mark out of what was read, and keeps what may be the beginning of one.
fn take_marks(rest: &mut Vec<u8>, mut each: impl FnMut(usize) -> bool) {
    let mark = MARK.as_bytes();
    while let Some(at) = rest.windows(mark.len()).position(|found| found == mark) {
        let digits =
            rest[at + mark.len()..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let end = at + mark.len() + digits;
        if end == rest.len() {
            // Its last digits may be on their way.
            return;
        }
        let number = std::str::from_utf8(&rest[at + mark.len()..end]).unwrap_or_default().parse();
        if let Ok(number) = number
            && !each(number)
        {
            return;
        }
        rest.drain(..end);
    }
    let kept = rest.len().min(mark.len() - 1);
    rest.drain(..rest.len() - kept);
}

async fn publish(job: Arc<Job>, sent: Arc<Mutex<HashMap<usize, Instant>>>) -> Result<()> {
    let mut socket = TcpStream::connect(&job.address).await?;
    socket.set_nodelay(true)?;
    let every = Duration::from_millis(if job.interval_ms == 0 { 1_500 } else { job.interval_ms });
    let mut turns = tokio::time::interval(every);
    let mut bytes = vec![0_u8; 64 * 1024];
    for number in 0..job.publishes {
        turns.tick().await;
        let body = job.bodies.get(number % job.bodies.len()).context("no body")?;
        let body = body.replace('@', &format!("{MARK}{number}"));
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\n{}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            job.publish_path,
            job.address,
            job.publish_headers.iter().map(|line| format!("{line}\r\n")).collect::<String>(),
            body.len()
        );
        sent.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Instant::now());
        socket.write_all(request.as_bytes()).await?;
        let read = socket.read(&mut bytes).await?;
        if !bytes[..read].starts_with(b"HTTP/1.1 20") {
            bail!("publishing answered {}", String::from_utf8_lossy(&bytes[..read]));
        }
    }
    Ok(())
}

fn resident_kib(pid: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).context("no such process")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    line.trim().trim_end_matches(" kB").trim().parse().context("VmRSS")
}
