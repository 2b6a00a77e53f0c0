//! What no single value can say: values that do not go together, each with the way out.

use galen_http::Origin;

use super::quantity::Lapse;
use super::{Complaint, Loaded, Synchronous};

/// The fewest characters `accounts.password_min_length` may ask for, even with a second factor
/// (NIST SP 800-63B-4 §3.1.1.2).
const PASSWORD_MIN_LENGTH: u32 = 8;

/// The longest password taken; a minimum above it would shut everybody out.
const PASSWORD_MAX_LENGTH: u32 = 256;

/// The most sessions one user may be allowed: a command that ends them all must stay short.
const SESSIONS_PER_USER_MAX: u32 = 1_000;

/// Everything in a loaded configuration that must not be served with.
pub fn check(loaded: &Loaded) -> Vec<Complaint> {
    let mut judge = Judge { loaded, complaints: Vec::new() };
    judge.reachability();
    judge.durability();
    judge.lifetimes();
    judge.amounts();
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
    fn a_minimum_that_shuts_everybody_out_or_lets_anything_in_is_refused() {
        for length in ["7", "257"] {
            assert_eq!(complaints(&[("GALEN__ACCOUNTS__PASSWORD_MIN_LENGTH", length)]).len(), 1);
        }
    }
}
