//! F70: a cookie is set in a way that keeps every browser from sending it back.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::sentence::Sentence;
use crate::words::Code;

/// The attributes of a cookie contradict each other, or the way it is sent.
pub(super) const CAUSE: Cause = Cause {
    id: "F70",
    slug: "cookie-never-returns",
    title: Code::CookieTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::CookiesSet]],
    supporting: &[FactKey::TlsFronts, FactKey::ListenerPid],
    refutes: &[],
    look_alikes: &["F69", "F67"],
    bound: None,
    examine,
};

/// One cookie of one endpoint, as `name; attribute; attribute`.
struct Cookie<'a> {
    fact: &'a Fact,
    name: &'a str,
    attributes: Vec<(String, &'a str)>,
}

fn parse(line: &str) -> (&str, Vec<(String, &str)>) {
    let mut parts = line.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let attributes = parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    (name, attributes)
}

impl Cookie<'_> {
    fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|(key, _)| key == attribute)
    }

    fn value(&self, attribute: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == attribute).map(|(_, value)| *value)
    }

    /// Whether it is taken back rather than set.
    fn is_deletion(&self) -> bool {
        let ended = self.value("expires").is_some_and(|date| date.contains("1970"));
        ended || self.value("max-age").is_some_and(|age| age == "0" || age.starts_with('-'))
    }

    /// SameSite=None without Secure is refused, and the prefixes demand what they say
    /// (RFC 6265bis, sections 4.1.3 and 5.7).
    fn contradiction(&self) -> Option<Code> {
        let none = self.value("samesite").is_some_and(|value| value.eq_ignore_ascii_case("none"));
        let secure = self.has("secure");
        let host_prefix = self.name.starts_with("__Host-");
        let host_kept = secure && !self.has("domain") && self.value("path") == Some("/");
        if none && !secure {
            return Some(Code::CookieSameSite);
        }
        let broken = (host_prefix && !host_kept) || (self.name.starts_with("__Secure-") && !secure);
        broken.then_some(Code::CookiePrefix)
    }
}

fn cookies<'a>(case: &Case<'a>) -> Vec<Cookie<'a>> {
    case.evidence
        .all(FactKey::CookiesSet)
        .flat_map(|fact| {
            let lines: &[String] = match &fact.value {
                Value::List(lines) => lines,
                _ => &[],
            };
            lines.iter().map(move |line| {
                let (name, attributes) = parse(line);
                Cookie { fact, name, attributes }
            })
        })
        .filter(|cookie| !cookie.is_deletion())
        .collect()
}

/// Whether nobody but plain HTTP clients of this machine reaches the server: it listens on loopback
/// only, and nothing here ends TLS. The facts say so, or `None`.
fn only_plain_http<'a>(case: &Case<'a>) -> Option<(&'a Fact, &'a Fact)> {
    let fronts = case.evidence.find(FactKey::TlsFronts, object::TARGET)?;
    let none = matches!(&fronts.value, Value::List(all) if all.is_empty());
    let listeners: Vec<&Fact> = case.evidence.all(FactKey::ListenerPid).collect();
    let is_loopback = |fact: &&Fact| {
        let address = object::listener_address(&fact.object);
        address.starts_with("127.") || address.starts_with("[::1]")
    };
    let first = listeners.first().copied()?;
    (none && listeners.iter().all(is_loopback)).then_some((fronts, first))
}

fn examine(case: &Case<'_>) -> Judgement {
    let cookies = cookies(case);
    let contradictory = cookies.iter().find_map(|cookie| Some((cookie, cookie.contradiction()?)));
    if let Some((cookie, code)) = contradictory {
        return found(cookie, Sentence::new(code));
    }
    let secure = cookies.iter().find(|cookie| cookie.has("secure"));
    if let Some((cookie, (fronts, listener))) = secure.zip(only_plain_http(case)) {
        let address = object::listener_address(&listener.object);
        let says = Sentence::new(Code::CookieSecure).name("address", address, listener);
        return found(cookie, says.cite(fronts));
    }
    let facts: Vec<&Fact> = case.evidence.all(FactKey::CookiesSet).collect();
    let says = match (secure, cookies.first()) {
        (Some(cookie), _) => {
            Sentence::new(Code::CookieTlsElsewhere).name("cookie", cookie.name, cookie.fact)
        }
        (None, Some(cookie)) => {
            Sentence::new(Code::CookieFine).name("cookie", cookie.name, cookie.fact)
        }
        (None, None) => Sentence::new(Code::CookieNone).cite_all(facts),
    };
    Judgement::RuledOut(says)
}

fn found(cookie: &Cookie<'_>, says: Sentence) -> Judgement {
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: cookie.name.to_owned(),
        says: says.name("cookie", cookie.name, cookie.fact).name(
            "path",
            &cookie.fact.object,
            cookie.fact,
        ),
        chain: Vec::new(),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn bed(cookie: &str, fronts: &[&str]) -> Bed {
        Bed::new().with(sample::server).list(FactKey::CookiesSet, "/login", &[cookie]).list(
            FactKey::TlsFronts,
            "target",
            fronts,
        )
    }

    #[test]
    fn a_secure_cookie_on_plain_http_of_loopback_is_found() {
        let finding = assert_found(judge(&CAUSE, bed("session; Path=/; Secure", &[])));
        assert_eq!((finding.object.as_str(), finding.says.code), ("session", Code::CookieSecure));
    }

    #[test]
    fn a_secure_cookie_behind_a_program_that_ends_tls_is_ruled_out() {
        let judged =
            judge(&CAUSE, bed("session; Path=/; Secure", &["0.0.0.0:443 /usr/sbin/nginx"]));
        assert_ruled_out(judged, Code::CookieTlsElsewhere);
    }

    #[test]
    fn same_site_none_without_secure_is_found_wherever_it_is_sent() {
        let front = ["0.0.0.0:443 /usr/sbin/nginx"];
        let finding = assert_found(judge(&CAUSE, bed("sid; Path=/; SameSite=None", &front)));
        assert_eq!(finding.says.code, Code::CookieSameSite);
    }

    #[test]
    fn a_prefix_that_is_not_kept_is_found() {
        let finding = assert_found(judge(&CAUSE, bed("__Host-sid; Secure; Path=/api", &[])));
        assert_eq!(finding.says.code, Code::CookiePrefix);
    }

    #[test]
    fn a_cookie_of_plain_http_and_one_taken_back_are_ruled_out() {
        assert_ruled_out(
            judge(&CAUSE, bed("sid; Path=/; HttpOnly; SameSite=Lax", &[])),
            Code::CookieFine,
        );
        assert_ruled_out(judge(&CAUSE, bed("sid; Max-Age=0; Secure", &[])), Code::CookieNone);
    }
}
