//! Who may call a handler: its first argument says so, and there is no other way to the rooms.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, MatchedPath};
use galen_account::{Accounts, Caller};
use galen_core::{Code, Cx};
use http::request::Parts;

use crate::app::App;
use crate::fault::Fault;
use crate::phases::{Visit, why_nobody};

/// Anybody at all. A handler that takes this has decided so.
pub(crate) struct Anybody {
    visit: Arc<Visit>,
}

impl Anybody {
    /// The request's context.
    pub(crate) fn cx(&self) -> &Cx {
        &self.visit.cx
    }

    /// The account room.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.visit.app.accounts
    }

    /// The room itself.
    pub(crate) fn app(&self) -> &App {
        &self.visit.app
    }

    /// The request on its way.
    pub(crate) fn visit(&self) -> &Visit {
        &self.visit
    }

    /// Who is signed in, if somebody is.
    pub(crate) fn caller(&self) -> Option<&Arc<Caller>> {
        self.visit.caller()
    }
}

impl<S: Sync> FromRequestParts<S> for Anybody {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        // The handler phase puts it there; its absence would be a fault of ours.
        let visit = parts
            .extensions
            .get::<Arc<Visit>>()
            .cloned()
            .ok_or_else(|| Fault::new(Code::Internal))?;
        if let Some(path) = parts.extensions.get::<MatchedPath>()
            && let Some(pattern) = pattern(path.as_str())
        {
            visit.route.set(pattern).ok();
        }
        Ok(Self { visit })
    }
}

/// The patterns of all routes, by length and then by text, for as long as the program lives: there is
/// a fixed number of them, so each is leaked once.
static PATTERNS: OnceLock<Vec<&'static str>> = OnceLock::new();

/// Keeps the patterns of all routes; every application of a program has the same.
pub(crate) fn know(patterns: Vec<String>) {
    PATTERNS.get_or_init(|| {
        let leak = |pattern: String| -> &'static str { Box::leak(pattern.into_boxed_str()) };
        let mut patterns: Vec<&'static str> = patterns.into_iter().map(leak).collect();
        patterns.sort_unstable_by_key(|pattern| (pattern.len(), *pattern));
        patterns
    });
}

/// The pattern that reads `path`, under a name that can be kept.
fn pattern(path: &str) -> Option<&'static str> {
    let patterns = PATTERNS.get()?;
    let key = (path.len(), path);
    let at = patterns.binary_search_by(|pattern| (pattern.len(), *pattern).cmp(&key));
    at.ok().and_then(|at| patterns.get(at).copied())
}

/// Somebody who is signed in.
pub(crate) struct SignedIn {
    anybody: Anybody,
    caller: Arc<Caller>,
}

impl SignedIn {
    /// Who it is.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Who it is, as the object that every request of the session shares until something changes.
    pub(crate) fn shared_caller(&self) -> &Arc<Caller> {
        &self.caller
    }
}

impl Deref for SignedIn {
    type Target = Anybody;

    fn deref(&self) -> &Anybody {
        &self.anybody
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let anybody = Anybody::from_request_parts(parts, state).await?;
        match anybody.caller().cloned() {
            Some(caller) => Ok(Self { anybody, caller }),
            None => Err(Fault::new(why_nobody(&anybody.visit))),
        }
    }
}

macro_rules! stricter {
    ($(#[$doc:meta])* $name:ident, |$signed_in:ident| $demand:expr) => {
        $(#[$doc])*
        pub(crate) struct $name(SignedIn);

        impl Deref for $name {
            type Target = SignedIn;

            fn deref(&self) -> &SignedIn {
                &self.0
            }
        }

        impl<S: Sync> FromRequestParts<S> for $name {
            type Rejection = Fault;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
                let $signed_in = SignedIn::from_request_parts(parts, state).await?;
                $demand?;
                Ok(Self($signed_in))
            }
        }
    };
}

fn fresh(signed_in: &SignedIn) -> Result<(), Fault> {
    let now = signed_in.app().clock.now();
    Ok(signed_in.caller.require_fresh(now)?)
}

fn admin(signed_in: &SignedIn) -> Result<(), Fault> {
    Ok(signed_in.caller.require_admin()?)
}

stricter!(
    /// Somebody who is signed in and gave the password a short while ago: risky acts of one's own.
    Fresh,
    |signed_in| fresh(&signed_in)
);
stricter!(
    /// Somebody who runs the installation.
    Admin,
    |signed_in| admin(&signed_in)
);
stricter!(
    /// Somebody who runs the installation and gave the password a short while ago: risky acts on
    /// others.
    FreshAdmin,
    |signed_in| admin(&signed_in).and_then(|()| fresh(&signed_in))
);

/// The client's `User-Agent`, if it can be read; the account room cuts it to length.
pub(crate) struct UserAgent(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for UserAgent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let agent = parts.headers.get(http::header::USER_AGENT);
        Ok(Self(agent.and_then(|agent| agent.to_str().ok()).map(str::to_owned)))
    }
}
