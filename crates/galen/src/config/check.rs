//! What no single value can say: values that do not go together, each with the way out.

use galen_core::preferences::EVERY_OTHER;
use galen_http::Origin;

use super::monitor::Collector;
use super::quantity::{Lapse, Size};
use super::{Complaint, Loaded, Synchronous, TARGET, headers, target, token};

/// The fewest characters `accounts.password_min_length` may ask for, even with a second factor
/// (NIST SP 800-63B-4 §3.1.1.2).
const PASSWORD_MIN_LENGTH: u32 = 8;

/// The longest password taken; a minimum above it would shut everybody out.
const PASSWORD_MAX_LENGTH: u32 = 256;

/// The most sessions one user may be allowed: a command that ends them all must stay short.
const SESSIONS_PER_USER_MAX: u32 = 1_000;

/// The least the history may take: below it the coarse windows of 400 days do not fit.
const HISTORY_CAP_MIN: Size = Size::mib(16);

/// The most synthetic checks: each is a request of its own at every turn.
const CHECKS_MAX: usize = 50;

/// The most examinations that may be kept: their list is read whole at every start.
const EXAMINATIONS_MAX: u32 = 1_000;

/// Everything in a loaded configuration that must not be served with.
pub fn check(loaded: &Loaded) -> Vec<Complaint> {
    let mut judge = Judge { loaded, complaints: Vec::new() };
    judge.reachability();
    judge.durability();
    judge.lifetimes();
    judge.amounts();
    judge.watching();
    judge.exporting();
    judge.checks();
    judge.mail();
    judge.categories();
    judge.doctor();
    judge.complaints
}

struct Judge<'a> {
    loaded: &'a Loaded,
    complaints: Vec<Complaint>,
}

impl Judge<'_> {
    fn complain(&mut self, key: (&str, &str), says: String) {
        let place = self.loaded.origin(key.0, key.1).to_string();
        let place = if place == "default" { String::new() } else { place };
        self.complaints.push(Complaint { place, says });
    }

    fn reachability(&mut self) {
        let server = &self.loaded.config.server;
        let url = server.public_url.as_ref().map(|url| &url.0);
        let is_https = url.is_some_and(Origin::is_https);
        let abroad = url.filter(|url| !url.is_https() && !url.is_loopback());
        if let Some(url) = abroad {
            let says = format!(
                "`server.public_url` is plain HTTP to another machine ({}): passwords and cookies \
                 would cross the network readable; put a reverse proxy with TLS in front and say \
                 `https://…`",
                url.as_str()
            );
            self.complain(("server", "public_url"), says);
        } else if !server.listen.ip().is_loopback() && !is_https {
            let port = server.listen.port();
            let says = format!(
                "listening on {} would serve plain HTTP to the network: listen on 127.0.0.1:{port}, \
                 or put a reverse proxy with TLS in front and set `server.public_url` to its https \
                 address (--public-url https://…)",
                server.listen
            );
            self.complain(("server", "listen"), says);
        }
        if is_https && self.loaded.config.http.trusted_proxies.is_empty() {
            // Without it every client has the proxy's address, and thirty wrong passwords of one
            // stranger would close the sign-in for everybody.
            let says =
                "`server.public_url` is https, so a reverse proxy stands in front: name its \
                        address, as Galen sees it, in `http.trusted_proxies` (for one on this \
                        machine: [\"127.0.0.1\", \"::1\"]), and have it set X-Forwarded-For"
                    .to_owned();
            self.complain(("http", "trusted_proxies"), says);
        }
    }

    fn durability(&mut self) {
        let database = &self.loaded.config.database;
        if database.synchronous != Synchronous::Full && !database.i_accept_data_loss {
            let says = "`database.synchronous` below `full` loses acknowledged writes at a power \
                        cut: leave it out, or say `database.i_accept_data_loss = true` in a \
                        benchmark"
                .to_owned();
            self.complain(("database", "synchronous"), says);
        }
    }

    fn lifetimes(&mut self) {
        let sessions = &self.loaded.config.sessions;
        let minute = Lapse::minutes(1);
        if sessions.idle > sessions.absolute {
            let says = format!(
                "`sessions.idle` ({}) is longer than `sessions.absolute` ({}): make it shorter",
                sessions.idle, sessions.absolute
            );
            self.complain(("sessions", "idle"), says);
        }
        if sessions.idle < minute {
            let says = format!("`sessions.idle` ({}) must be at least 1m", sessions.idle);
            self.complain(("sessions", "idle"), says);
        }
        if sessions.touch > sessions.idle {
            let says = format!(
                "`sessions.touch` ({}) is longer than `sessions.idle` ({}): sessions in use would end",
                sessions.touch, sessions.idle
            );
            self.complain(("sessions", "touch"), says);
        }
        let http = &self.loaded.config.http;
        if http.deadline <= http.body_timeout {
            let says = format!(
                "`http.deadline` ({}) must be longer than `http.body_timeout` ({})",
                http.deadline, http.body_timeout
            );
            self.complain(("http", "deadline"), says);
        }
        let notifications = &self.loaded.config.notifications;
        if notifications.sweep_every < Lapse::s(1) {
            let says = "`notifications.sweep_every` must be at least 1s".to_owned();
            self.complain(("notifications", "sweep_every"), says);
        }
        if notifications.keep < minute {
            let says = "`notifications.keep` must be at least 1m".to_owned();
            self.complain(("notifications", "keep"), says);
        }
        if sessions.sweep_every < Lapse::s(1) {
            let says = "`sessions.sweep_every` must be at least 1s".to_owned();
            self.complain(("sessions", "sweep_every"), says);
        }
    }

    fn amounts(&mut self) {
        let config = &self.loaded.config;
        let length = config.accounts.password_min_length;
        if !(PASSWORD_MIN_LENGTH..=PASSWORD_MAX_LENGTH).contains(&length) {
            let says = format!(
                "`accounts.password_min_length` must be from {PASSWORD_MIN_LENGTH} to \
                 {PASSWORD_MAX_LENGTH}, not {length}"
            );
            self.complain(("accounts", "password_min_length"), says);
        }
        if !(1..=SESSIONS_PER_USER_MAX).contains(&config.sessions.per_user_max) {
            let says = format!("`sessions.per_user_max` must be from 1 to {SESSIONS_PER_USER_MAX}");
            self.complain(("sessions", "per_user_max"), says);
        }
        if config.doctor.error_rate_percent > 100 {
            let says = "`doctor.error_rate_percent` must be from 0 to 100".to_owned();
            self.complain(("doctor", "error_rate_percent"), says);
        }
        let at_least_one = [
            (("database", "writer_queue"), config.database.writer_queue),
            (("database", "reader_queue"), config.database.reader_queue),
            (("database", "batch"), config.database.batch),
            (("accounts", "hash_queue"), config.accounts.hash_queue),
            (("doctor", "concurrency"), config.doctor.concurrency),
            (("sessions", "cache"), config.sessions.cache),
            (("sessions", "sweep_rows"), config.sessions.sweep_rows),
            (("notifications", "max_streams"), config.notifications.max_streams),
            (("http", "max_connections"), config.http.max_connections),
            (("http", "max_connections_per_address"), config.http.max_connections_per_address),
        ];
        for (key, value) in at_least_one {
            if value == 0 {
                self.complain(key, format!("`{}.{}` must be at least 1", key.0, key.1));
            }
        }
    }
}

impl Judge<'_> {
    fn mail(&mut self) {
        let mail = &self.loaded.config.mail;
        if mail.host.is_some() && mail.from.is_none() {
            let says = "`mail.host` is set, so `mail.from` must say who mails are from: \
                        \"Galen <galen@example.org>\""
                .to_owned();
            self.complain(("mail", "host"), says);
        }
        if mail.user.is_some() != mail.password_file.is_some() {
            let says = "`mail.user` and `mail.password_file` go together: set both or neither";
            self.complain(("mail", "user"), says.to_owned());
        }
        if let Some(Err(says)) = mail.password_file.as_deref().map(token::password) {
            self.complain(("mail", "password_file"), says);
        }
        if mail.timeout < Lapse::s(1) || mail.timeout > Lapse::minutes(5) {
            let says = "`mail.timeout` must be from 1s to 5m".to_owned();
            self.complain(("mail", "timeout"), says);
        }
        let accounts = &self.loaded.config.accounts;
        let lapses = [
            ("unproven_kept", accounts.unproven_kept),
            ("verify_link", accounts.verify_link),
            ("reset_link", accounts.reset_link),
            ("invitation_link", accounts.invitation_link),
            ("not_me_link", accounts.not_me_link),
        ];
        for (key, lapse) in lapses {
            if lapse < Lapse::minutes(1) || lapse > Lapse::days(90) {
                let says = format!("`accounts.{key}` must be from 1m to 90d");
                self.complain(("accounts", key), says);
            }
        }
    }

    /// Categories that are named must be ones there are.
    fn categories(&mut self) {
        let config = &self.loaded.config;
        let named = [
            (("notifications", "email"), &config.notifications.email),
            (("notifications", "push"), &config.notifications.push),
            (("webhooks", "categories"), &config.webhooks.categories),
            (("ntfy", "categories"), &config.ntfy.categories),
        ];
        let is_known = |name: &String| name == EVERY_OTHER || config.notifications.knows(name);
        let unknown = named.into_iter().flat_map(|(key, names)| {
            names.iter().filter(|name| !is_known(name)).map(move |name| (key, name))
        });
        let complaints: Vec<_> = unknown
            .map(|(key, name)| {
                let says = format!(
                    "`{}.{}` names the category {name:?}, which is none of \
                     `notifications.categories`: add it there, or correct it",
                    key.0, key.1
                );
                (key, says)
            })
            .collect();
        for (key, says) in complaints {
            self.complain(key, says);
        }
    }

    fn watching(&mut self) {
        let monitor = &self.loaded.config.monitor;
        if monitor.history_cap < HISTORY_CAP_MIN {
            let says = format!("`monitor.history_cap` must be at least {HISTORY_CAP_MIN}");
            self.complain(("monitor", "history_cap"), says);
        }
        if !(1..=100).contains(&monitor.cpu_percent_max) {
            let says = "`monitor.cpu_percent_max` is a part of one core, from 1 to 100".to_owned();
            self.complain(("monitor", "cpu_percent_max"), says);
        }
        let abroad = monitor.metrics_listen.filter(|listen| !listen.ip().is_loopback());
        if let Some(listen) = abroad {
            let says = format!(
                "`monitor.metrics_listen` ({listen}) would show the metrics to the network without a \
                 token: listen on 127.0.0.1:{}, or set `monitor.metrics_token_file` and read \
                 /metrics on the public address",
                listen.port()
            );
            self.complain(("monitor", "metrics_listen"), says);
        }
        if let Some(Err(says)) = monitor.metrics_token_file.as_deref().map(token::read) {
            self.complain(("monitor", "metrics_token_file"), says);
        }
        for (key, value) in [("heartbeat_every", monitor.heartbeat_every), ("slow", monitor.slow)] {
            let least = if key == "slow" { Lapse::ms(1) } else { Lapse::s(1) };
            if value < least {
                let says = format!("`monitor.{key}` must be at least {least}");
                self.complain(("monitor", key), says);
            }
        }
        if monitor.tick < Lapse::ms(50) || monitor.tick > Lapse::s(10) {
            let says = "`monitor.tick` must be from 50ms to 10s".to_owned();
            self.complain(("monitor", "tick"), says);
        }
    }

    fn exporting(&mut self) {
        let monitor = &self.loaded.config.monitor;
        let file = monitor.otlp_headers_file.as_deref();
        if monitor.otlp_endpoint.is_some() && !cfg!(feature = "otlp") {
            let says = "`monitor.otlp_endpoint` is set, but this build exports nothing: take the \
                        build with OpenTelemetry (`cargo build --release --features otlp`), or \
                        leave the key out"
                .to_owned();
            self.complain(("monitor", "otlp_endpoint"), says);
        }
        if file.is_some() && monitor.otlp_endpoint.is_none() {
            let says =
                "`monitor.otlp_headers_file` is for `monitor.otlp_endpoint`, which is not set"
                    .to_owned();
            self.complain(("monitor", "otlp_headers_file"), says);
        }
        let collector = monitor.otlp_endpoint.as_ref();
        if file.is_some() && collector.is_some_and(Collector::is_readable_abroad) {
            let says = "`monitor.otlp_headers_file` would cross the network readable: make \
                        `monitor.otlp_endpoint` an https address, or reach the collector on this \
                        machine"
                .to_owned();
            self.complain(("monitor", "otlp_headers_file"), says);
        }
        if let Some(Err(says)) = file.map(headers::read) {
            let says = format!("`monitor.otlp_headers_file`: {says}");
            self.complain(("monitor", "otlp_headers_file"), says);
        }
        if monitor.otlp_every < Lapse::s(1) {
            let says = "`monitor.otlp_every` must be at least 1s".to_owned();
            self.complain(("monitor", "otlp_every"), says);
        }
    }

    fn doctor(&mut self) {
        let doctor = &self.loaded.config.doctor;
        if !(1..=EXAMINATIONS_MAX).contains(&doctor.keep) {
            let says = format!("`doctor.keep` must be from 1 to {EXAMINATIONS_MAX}");
            self.complain(("doctor", "keep"), says);
        }
        for (key, value) in
            [("on_alert_every", doctor.on_alert_every), ("keep_for", doctor.keep_for)]
        {
            if value < Lapse::minutes(1) {
                self.complain(("doctor", key), format!("`doctor.{key}` must be at least 1m"));
            }
        }
        for (at, key, says) in target::check(&self.loaded.config.targets) {
            self.complain((&format!("{TARGET}[{at}]"), key), says);
        }
    }

    fn checks(&mut self) {
        let checks = &self.loaded.config.checks;
        for (key, value) in [("every", checks.every), ("timeout", checks.timeout)] {
            if value < Lapse::s(1) {
                self.complain(("checks", key), format!("`checks.{key}` must be at least 1s"));
            }
        }
        if checks.every > Lapse::minutes(5) {
            let says = format!(
                "`checks.every` ({}) is longer than 5m: a rule needs two runs in a quarter of an hour",
                checks.every
            );
            self.complain(("checks", "every"), says);
        }
        if checks.timeout > checks.every {
            let says = format!(
                "`checks.timeout` ({}) is longer than `checks.every` ({}): make it shorter",
                checks.timeout, checks.every
            );
            self.complain(("checks", "timeout"), says);
        }
        let is_path = |path: &String| {
            let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
            path.starts_with('/') && !path.starts_with("//") && is_plain && path.len() <= 1_024
        };
        if let Some(wrong) = checks.own.iter().find(|path| !is_path(path)) {
            let says = format!("`checks.own` lists paths such as `/livez`, not {wrong:?}");
            self.complain(("checks", "own"), says);
        }
        if checks.own.len() + checks.foreign.len() > CHECKS_MAX {
            let says =
                format!("`checks.own` and `checks.foreign` list more than {CHECKS_MAX} together");
            self.complain(("checks", "foreign"), says);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    fn complaints(variables: &[(&str, &str)]) -> Vec<String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = variables.iter().map(owned).collect();
        match load(&Sources { environment, ..Sources::default() }) {
            Ok(loaded) => check(&loaded).iter().map(ToString::to_string).collect(),
            Err(complaints) => complaints.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn the_defaults_go_together() {
        assert_eq!(complaints(&[]), Vec::<String>::new());
    }

    #[test]
    fn plain_http_beyond_loopback_is_refused_with_the_way_out() {
        let says = complaints(&[("GALEN__SERVER__LISTEN", "0.0.0.0:8000")]);
        assert_eq!(says.len(), 1);
        assert!(says[0].contains("--public-url https://"), "{}", says[0]);
        let says = complaints(&[("GALEN__SERVER__PUBLIC_URL", "http://example.org")]);
        assert!(says[0].contains("reverse proxy"), "{}", says[0]);
    }

    #[test]
    fn an_https_public_url_behind_a_named_proxy_allows_any_address() {
        let behind = [
            ("GALEN__SERVER__LISTEN", "0.0.0.0:8000"),
            ("GALEN__SERVER__PUBLIC_URL", "https://accounts.example.org"),
        ];
        let proxy = ("GALEN__HTTP__TRUSTED_PROXIES", "10.0.0.1");
        assert_eq!(complaints(&[behind[0], behind[1], proxy]), Vec::<String>::new());
        assert!(complaints(&behind)[0].contains("`http.trusted_proxies`"));
    }

    #[test]
    fn durability_is_given_up_only_by_saying_so() {
        let off = ("GALEN__DATABASE__SYNCHRONOUS", "off");
        assert!(complaints(&[off])[0].contains("i_accept_data_loss"));
        let accepted = ("GALEN__DATABASE__I_ACCEPT_DATA_LOSS", "true");
        assert_eq!(complaints(&[off, accepted]), Vec::<String>::new());
    }

    #[test]
    fn lifetimes_that_contradict_each_other_are_named_with_their_origin() {
        let says = complaints(&[("GALEN__SESSIONS__IDLE", "60d")]);
        assert!(
            says[0].starts_with("$GALEN__SESSIONS__IDLE: `sessions.idle` (60d)"),
            "{}",
            says[0]
        );
    }

    #[test]
    fn metrics_leave_the_machine_only_behind_a_token() {
        let abroad = ("GALEN__MONITOR__METRICS_LISTEN", "0.0.0.0:9464");
        assert!(complaints(&[abroad])[0].contains("`monitor.metrics_token_file`"));
        let here = ("GALEN__MONITOR__METRICS_LISTEN", "[::1]:9464");
        assert_eq!(complaints(&[here]), Vec::<String>::new());
        let missing = ("GALEN__MONITOR__METRICS_TOKEN_FILE", "/nonexistent/token");
        assert!(complaints(&[missing])[0].contains("cannot be read"));
    }

    #[test]
    fn a_history_too_small_and_checks_that_are_none_are_refused() {
        for (name, value, part) in [
            ("GALEN__MONITOR__HISTORY_CAP", "8 MiB", "at least 16 MiB"),
            ("GALEN__MONITOR__HEARTBEAT_EVERY", "10ms", "at least 1s"),
            ("GALEN__MONITOR__HEARTBEAT_URL", "https://a:b@example.org/", "password"),
            ("GALEN__CHECKS__OWN", "//evil.example", "`checks.own`"),
            ("GALEN__CHECKS__FOREIGN", "gopher://example.org", "http"),
            ("GALEN__CHECKS__TIMEOUT", "1m", "longer than `checks.every`"),
        ] {
            let says = complaints(&[(name, value)]);
            assert!(says.iter().any(|says| says.contains(part)), "{name}: {says:?}");
        }
    }

    #[test]
    fn a_category_that_there_is_not_is_refused_where_it_is_named() {
        let listed = ("GALEN__NOTIFICATIONS__CATEGORIES", "news 30d");
        let wanted = ("GALEN__NOTIFICATIONS__EMAIL", "news,security");
        assert_eq!(complaints(&[listed, wanted]), Vec::<String>::new());
        assert_eq!(complaints(&[("GALEN__NOTIFICATIONS__PUSH", "anything")]), Vec::<String>::new());
        let says = complaints(&[listed, ("GALEN__NOTIFICATIONS__PUSH", "orders")]);
        assert!(says[0].contains("`notifications.push` names the category \"orders\""), "{says:?}");
        assert_eq!(complaints(&[("GALEN__NOTIFICATIONS__EMAIL", "Not a name")]).len(), 1);
    }

    #[test]
    fn an_export_that_cannot_be_or_gives_its_secret_away_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "authorization: Bearer x").unwrap();
        let headers = ("GALEN__MONITOR__OTLP_HEADERS_FILE", file.path().to_str().unwrap());
        let endpoint = |url: &'static str| ("GALEN__MONITOR__OTLP_ENDPOINT", url);
        let has = |set: &[(&str, &str)], part: &str| {
            let says = complaints(set);
            assert!(says.iter().any(|says| says.contains(part)), "{part}: {says:?}");
        };
        has(&[headers], "which is not set");
        has(&[headers, endpoint("http://collector:4318")], "cross the network readable");
        has(&[endpoint("http://127.0.0.1:4318/?a=b")], "no query");
        has(&[("GALEN__MONITOR__OTLP_SAMPLE", "1.5")], "from 0 to 1");
        has(&[("GALEN__MONITOR__OTLP_EVERY", "10ms")], "at least 1s");
        let missing = ("GALEN__MONITOR__OTLP_HEADERS_FILE", "/nonexistent/headers");
        has(&[missing, endpoint("http://127.0.0.1:4318")], "cannot be read");
        let says = complaints(&[headers, endpoint("https://collector.example.org")]);
        let refused: &[&str] = if cfg!(feature = "otlp") { &[] } else { &["--features otlp"] };
        assert_eq!(says.len(), refused.len(), "{says:?}");
        assert!(says.iter().zip(refused).all(|(says, part)| says.contains(part)), "{says:?}");
    }

    #[test]
    fn a_minimum_that_shuts_everybody_out_or_lets_anything_in_is_refused() {
        for length in ["7", "257"] {
            assert_eq!(complaints(&[("GALEN__ACCOUNTS__PASSWORD_MIN_LENGTH", length)]).len(), 1);
        }
    }
}
