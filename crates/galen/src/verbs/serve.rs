//! `galen serve`: takes the lock, opens the rooms, serves, and stops in order.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use galen_core::examinations::Examiner;
use galen_core::outbox::PostRoom;
use galen_core::post::Channel;
use galen_core::{Clock, Entropy};
use galen_http::{App, AppParts, Drained, Jobs};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cli::{Common, place};
use crate::config::{Config, Flag, Loaded, url_of};
use crate::failure::{Exit, Failure, OrFail};
use crate::terminal;
use crate::wire::alerts::Crier;
use crate::wire::canary::Canary;
use crate::wire::checks::Checks;
use crate::wire::clock::RealClock;
use crate::wire::control::server as control;
use crate::wire::examiner::Practice;
use crate::wire::jobs::Board;
use crate::wire::lock::InstanceLock;
use crate::wire::mail::Mailroom;
use crate::wire::meter::Meter;
use crate::wire::otlp::Otlp;
use crate::wire::place::Place;
use crate::wire::process::{self, Stops};
use crate::wire::rooms::Rooms;
use crate::wire::running::Running;
use crate::wire::sampler::Sampler;
use crate::wire::sign_ins::FailedSignIns;
use crate::wire::tasks::{self, Schedule};
use crate::wire::upkeep::Keeper;
use crate::wire::{log, port, private, settings, socket, ticker};

/// Serve accounts, sessions and notifications.
///
/// Needs no configuration: it makes its database and its keys at the first start, and prints the
/// link that makes the first admin.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  galen serve\n  galen serve --listen 127.0.0.1:9000 --database /var/lib/galen/galen.db\n  \
                        galen serve --public-url https://accounts.example.org   behind a proxy named in http.trusted_proxies\n\n\
                        SIGTERM or Ctrl-C stops it after the requests at work (server.drain); a second one at once."
)]
pub struct Serve {
    /// The address and port to listen on (server.listen).
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The address in the browser's bar (server.public_url).
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

impl Serve {
    /// Serves until it is told to stop.
    pub fn run(self, common: &Common) -> Result<Exit, Failure> {
        let flags = [
            ("--listen", ("server", "listen"), self.listen),
            ("--public-url", ("server", "public_url"), self.public_url),
        ];
        let flag = |(name, key, value): (_, _, Option<String>)| {
            value.map(|value| Flag { name, key, value })
        };
        let loaded = common.load_checked(flags.into_iter().filter_map(flag).collect())?;
        process::keep_new_files_private();
        log::start(&loaded.config)?;
        process::raise_open_files();
        let place = place(&loaded.config)?;
        let lock = InstanceLock::take(&place, &RealClock::new())?;
        let runtime = runtime(&loaded.config)?;
        let outcome = runtime.block_on(serve(loaded, place, lock));
        // Everything that had to end has ended. A look at a mount that hangs may never come back.
        runtime.shutdown_background();
        outcome
    }
}

fn runtime(config: &Config) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.server.threads > 0 {
        builder.worker_threads(usize::from(config.server.threads));
    }
    let built = builder.enable_all().thread_name("galen-worker").build();
    built.or_fail(|| "the runtime cannot be started".to_owned())
}

async fn serve(loaded: Loaded, place: Place, mut lock: InstanceLock) -> Result<Exit, Failure> {
    let stops = Stops::listen()?;
    // The port comes before the database: who finds it taken changes nothing.
    let listener = port::bind(loaded.config.server.listen)?;
    let address = listener.local_addr().or_fail(|| "the port cannot be read".to_owned())?;
    lock.note_listen(address.to_string())?;
    let metrics = loaded.config.monitor.metrics_listen.map(port::bind).transpose()?;
    let running = Arc::new(open(loaded, place, &lock, address)?);
    running.board.attach(&running);
    let stop = CancellationToken::new();
    tokio::spawn(stops.obey(stop.clone()));
    let outcome = serve_until(&running, Listeners { public: listener, metrics }, stop).await;
    socket::remove(&running.place);
    // Closing blocks this thread until the last commit is durable; nobody else needs it any more.
    running.rooms.close();
    drop(lock);
    outcome.map(|()| Exit::Success)
}

fn open(
    loaded: Loaded,
    place: Place,
    lock: &InstanceLock,
    address: SocketAddr,
) -> Result<Running, Failure> {
    let configured = settings::configured(&loaded);
    let config = loaded.config;
    let rooms = Rooms::watched(&place, &config)?;
    log::keep(Arc::clone(&rooms.monitor));
    let sign_ins = FailedSignIns::default();
    let checks = Arc::new(Checks::new(&config));
    let meter = Meter::default();
    let otlp = Otlp::open(&config, &rooms, &meter)?;
    let observer = sign_ins.before(rooms.monitor.observer());
    let url = config.server.public_url.as_ref();
    let url = url.map_or_else(|| url_of(address), |url| url.0.as_str().to_owned());
    let mail = Arc::new(Mailroom::open(&config, &rooms, &url)?);
    let schedule = Arc::new(Schedule::new(&config));
    let board = Board::new(Arc::clone(&schedule));
    let practice = Practice::open(&config, &place, &rooms, address);
    let app = App::new(AppParts {
        accounts: Arc::clone(&rooms.accounts),
        store: rooms.store.port(),
        monitor: Arc::clone(&rooms.monitor),
        hub: Arc::clone(&rooms.hub),
        checks: {
            let checks = Arc::clone(&checks);
            Arc::new(move || checks.statuses())
        },
        jobs: Arc::clone(&board) as Arc<dyn Jobs>,
        configured,
        recorder: match &otlp {
            Some(otlp) => otlp.before(observer),
            None => observer,
        },
        post: Arc::clone(&mail) as Arc<dyn PostRoom>,
        examiner: Arc::clone(&practice) as Arc<dyn Examiner>,
        clock: Arc::clone(&rooms.clock) as Arc<dyn Clock>,
        entropy: Arc::clone(&rooms.entropy) as Arc<dyn Entropy>,
        settings: settings::http(&config)?,
    });
    Ok(Running {
        app,
        schedule,
        board,
        canary: Canary::default(),
        checks,
        sampler: Sampler::default(),
        sign_ins,
        meter,
        otlp,
        practice,
        crier: Crier::default(),
        mail,
        upkeep: Keeper::default(),
        holder: lock.holder().clone(),
        url,
        since_ns: rooms.clock.monotonic_ns(),
        rooms,
        config,
        place,
    })
}

/// What is listened on.
struct Listeners {
    public: TcpListener,
    metrics: Option<TcpListener>,
}

async fn serve_until(
    running: &Arc<Running>,
    listeners: Listeners,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let what = || "the control socket cannot be made".to_owned();
    let control = socket::listen(&running.place).or_fail(what)?;
    control.set_nonblocking(true).or_fail(what)?;
    let control = tokio::net::UnixListener::from_std(control).or_fail(what)?;
    let background = CancellationToken::new();
    // Beside the serving: nobody waits at the door for what the history has to say.
    let begun = tokio::spawn({
        let running = Arc::clone(running);
        async move { ticker::begin(&running).await }
    });
    let control = tokio::spawn(control::serve(control, Arc::clone(running), background.clone()));
    let periodic = tokio::spawn(tasks::run(Arc::clone(running), background.clone()));
    let examining = tokio::spawn(Arc::clone(&running.practice).run(background.clone()));
    if let Some(listener) = listeners.metrics {
        let monitor = Arc::clone(&running.rooms.monitor);
        // It needs no end of its own: it is cut with the rest of the background.
        tokio::spawn(galen_http::serve_metrics(listener, monitor, background.clone()));
    }
    let exporting = running.otlp.as_ref().map(|otlp| {
        // It goes on to the end of the serving, so that the last requests are exported, too.
        tokio::spawn(Arc::clone(otlp).run(background.clone()))
    });
    let app = Arc::clone(&running.app);
    let serving = tokio::spawn(galen_http::serve(app, listeners.public, stop));
    announce(running).await;
    let drained = serving.await;
    background.cancel();
    let _ = tokio::join!(control, periodic, examining, begun);
    if let Some(exporting) = exporting {
        // A panic in it has said so by the hook of panics.
        exporting.await.ok();
    }
    // Uses of sessions gathered since the last turn are written down before the store closes.
    if let Err(refusal) = running.rooms.accounts.flush_touches(&running.live()).await {
        tracing::warn!(%refusal, "the last uses of sessions were not written down");
    }
    running.place.forget_setup_link();
    let drained = drained.or_fail(|| "the server broke".to_owned());
    if let Ok(Drained { finished, cut }) = &drained {
        tracing::info!(finished, cut, "stopped");
    }
    // Last of all, so that what was said above is in the window that is written down.
    ticker::end(running).await;
    drained.map(|_| ())
}

/// Says that it serves, where, and how the first admin is made.
async fn announce(running: &Running) {
    let Running { url, place, .. } = running;
    let database = place.database.display();
    let version = env!("CARGO_PKG_VERSION");
    let is_read = terminal::is_read_by_a_person();
    if is_read {
        terminal::line(terminal::bold(format_args!("Galen {version}")));
        terminal::line(format_args!("  serving    {url}"));
        terminal::line(format_args!("  database   {database}"));
    } else {
        tracing::info!(version, url = url.as_str(), database = %database, pid = std::process::id(), "serving");
    }
    if !running.mail.carries(Channel::Email) {
        captured(is_read);
    }
    match running.rooms.accounts.offer_setup(&running.live()).await {
        Ok(Some(token)) => {
            let link = format!("{url}/setup#token={}", token.reveal());
            offer(running, &link, is_read);
        }
        // An admin exists: a link of an earlier start would only mislead.
        Ok(None) => place.forget_setup_link(),
        Err(refusal) => tracing::warn!(%refusal, "no setup link could be made"),
    }
    if is_read {
        terminal::line("  stop       Ctrl-C");
    }
}

/// Says that no mail leaves, and what to do about it.
fn captured(is_read: bool) {
    if is_read {
        terminal::line(
            "  mail       is captured: read it with `galen mail list`; to send it, set `mail.host`",
        );
    } else {
        tracing::info!(
            "mail is captured, to be read with `galen mail list`: to send it, set mail.host and mail.from"
        );
    }
}

/// Shows the setup link to a person, or keeps it in a private file and says where.
fn offer(running: &Running, link: &str, is_read: bool) {
    let works = running.config.accounts.setup_link;
    if is_read {
        terminal::line(format_args!(
            "  first run  open this link to make the first admin (it works once, for {works}):"
        ));
        terminal::line(format_args!("             {}", terminal::bold(link)));
        return;
    }
    let path = running.place.setup_link();
    match private::write(&path, &format!("{link}\n")) {
        Ok(()) => tracing::info!(
            file = %path.display(),
            works_for = %works,
            "there is no admin yet: the file holds the link that makes the first one"
        ),
        Err(failure) => tracing::warn!(
            error = %failure,
            "there is no admin yet, and the setup link cannot be kept: run `galen user add EMAIL --admin`"
        ),
    }
}
