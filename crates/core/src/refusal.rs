//! Errors people can act on: THE table of stable codes, each with its kind and the way out.

use serde::Serialize;

/// What kind of refusal it is; the HTTP room turns a kind into a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request cannot be read (400).
    Malformed,
    /// Nobody is signed in (401).
    Unauthenticated,
    /// Whoever asks must not do this (403).
    Forbidden,
    /// There is no such thing (404).
    NotFound,
    /// The path exists, the method does not (405).
    MethodNotAllowed,
    /// It contradicts what is there (409).
    Conflict,
    /// It is too large (413).
    TooLarge,
    /// The body is of another media type (415).
    UnsupportedMediaType,
    /// It was read, and fields of it are wrong (422).
    Invalid,
    /// Too many attempts (429).
    TooMany,
    /// The request took too long to arrive (408).
    RequestTimeout,
    /// A fault of ours (500).
    Internal,
    /// We cannot do it just now; trying again may help (503).
    Unavailable,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $kind:ident, $title:literal, $fix:literal;)*) => {
        /// A stable code of a refusal. Codes are never reused or renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* #[doc = $title] $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as it is printed.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What kind of refusal it is.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind),* }
            }

            /// A short, human title.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }

            /// What whoever reads it can do about it.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$name => $fix),* }
            }
        }
    };
}

codes! {
    MalformedRequest = "request.malformed", Malformed, "The request cannot be read", "Send well-formed HTTP and the parameters the API document names.";
    MalformedJson = "request.json", Malformed, "The body is not valid JSON", "Send one JSON object in UTF-8, each key once.";
    InvalidFields = "request.fields", Invalid, "Some fields are not valid", "Correct the fields listed under `errors`.";
    NotFound = "request.not_found", NotFound, "There is nothing here", "Look the path and the identifier up in /openapi.json.";
    MethodNotAllowed = "request.method", MethodNotAllowed, "The method is not allowed here", "Use one of the methods named in the Allow header.";
    BodyTooLarge = "request.too_large", TooLarge, "The body is too large", "Send a smaller body; the limit is in `detail`.";
    UnsupportedMediaType = "request.media_type", UnsupportedMediaType, "The body is of another media type", "Send Content-Type: application/json.";
    RequestTimeout = "request.timeout", RequestTimeout, "The request took too long to arrive", "Send the request again over a faster connection.";

    NotSignedIn = "auth.not_signed_in", Unauthenticated, "Nobody is signed in", "Sign in with POST /api/auth/login and send the cookie back.";
    SessionEnded = "auth.session_ended", Unauthenticated, "The session has ended", "Sign in again.";
    WrongCredentials = "auth.wrong_credentials", Unauthenticated, "The address or the password is wrong", "Check both and try again.";
    WrongPassword = "auth.wrong_password", Forbidden, "The current password is wrong", "Check it and try again.";
    FreshAuthenticationNeeded = "auth.fresh_needed", Forbidden, "This needs a fresh authentication", "Give the password again with POST /api/auth/reauthenticate, then repeat the request.";
    NotAdmin = "auth.not_admin", Forbidden, "Only an admin may do this", "Sign in as an admin.";
    TooManyAttempts = "auth.too_many_attempts", TooMany, "Too many attempts", "Wait for the time in Retry-After, then try again.";
    RegistrationClosed = "auth.registration_closed", Forbidden, "Registration is closed", "Ask an admin for an invitation, or open registration with accounts.registration = \"open\".";
    InvitationsClosed = "auth.invitations_closed", Forbidden, "Nobody is invited here", "Allow invitations with accounts.registration = \"invite\" or \"open\".";
    EmailNotVerified = "auth.email_not_verified", Forbidden, "The address is not verified yet", "Open the link in the mail that was sent to it, or ask for another with POST /api/auth/resend-verification.";
    SetupNotPossible = "auth.setup_not_possible", Forbidden, "This setup link does not work", "It was used, it expired, or an admin exists already: run `galen user add EMAIL --admin` in a terminal.";

    ApiKeyInvalid = "auth.api_key_invalid", Unauthenticated, "The API key does not work", "It is unknown, it expired or it was revoked: make a new one with `galen keys add` or in the panel.";
    ApiKeyScope = "auth.api_key_scope", Forbidden, "The API key does not allow this", "Make a key with the scope named in `detail`.";

    CsrfCrossOrigin = "csrf.cross_origin", Forbidden, "The request came from another origin", "Add the origin to http.allowed_origins if it is yours, or set public_url to the address in the browser's bar.";
    CsrfSameSite = "csrf.same_site", Forbidden, "The request came from another origin of the same site", "Add the origin to http.allowed_origins if it is yours.";
    CsrfTokenMissing = "csrf.token_missing", Forbidden, "The X-CSRF-Token header is missing", "Get a token from GET /api/auth/csrf with the session's cookie and send it in X-CSRF-Token.";
    CsrfTokenInvalid = "csrf.token_invalid", Forbidden, "The X-CSRF-Token is not of this session", "Get a new token from GET /api/auth/csrf: tokens end with their session.";
    CorsOriginNotAllowed = "cors.origin_not_allowed", Forbidden, "The origin is not on the allow-list", "Add it to http.allowed_origins exactly as the browser sends it.";

    LinkUnknown = "link.unknown", Forbidden, "This link opens nothing", "Take the link from the newest mail, whole; or ask for a new one.";
    LinkUsed = "link.used", Forbidden, "This link was used", "A link opens once; ask for a new one if you need it.";
    LinkExpired = "link.expired", Forbidden, "This link is too old", "Ask for a new one.";

    ParcelNotFound = "mail.not_found", NotFound, "There is no such mail", "Look the identifier up in GET /api/admin/mail; old ones are forgotten.";
    ParcelNotNow = "mail.not_now", Conflict, "This does not go with the state the mail is in", "What waits can be cancelled; what failed, was captured or cancelled can be sent again.";
    WebhookNotFound = "webhook.not_found", NotFound, "There is no such webhook", "Look the identifier up in GET /api/admin/webhooks; it may have been removed.";
    WebhookNotActive = "webhook.not_active", Conflict, "The webhook is not active", "Make it active with PATCH /api/admin/webhooks/{id} first.";
    SubscriptionNotFound = "push.not_found", NotFound, "There is no such subscription", "Look the identifier up in GET /api/me/push; the browser may have ended it.";
    PushUnavailable = "push.unavailable", Conflict, "Browsers are not told here", "Set mail.from or an https server.public_url: push services want to know whom to write to.";
    InvitationNotFound = "invitation.not_found", NotFound, "There is no such invitation", "Look the identifier up in GET /api/admin/invitations; it may have been used.";
    EmailTaken = "user.email_taken", Conflict, "There is an account with this address", "Use another address, or edit the account that exists.";
    LastAdmin = "user.last_admin", Conflict, "This is the last active admin", "Make somebody else an admin first.";
    OwnAccount = "user.own_account", Conflict, "Admins do not do this to their own account", "Ask another admin, or use the pages under /api/me.";
    UserNotFound = "user.not_found", NotFound, "There is no such user", "Look the identifier up in GET /api/admin/users.";
    SessionNotFound = "session.not_found", NotFound, "There is no such session", "Look the identifier up in the list of sessions; it may have ended.";
    ApiKeyNotFound = "api_key.not_found", NotFound, "There is no such API key", "Look the identifier up in GET /api/admin/keys.";
    ApiKeysFull = "api_key.too_many", Conflict, "There are as many API keys as there may be", "Keys are kept when they are revoked, so that their use can be traced: use the ones there are.";
    BroadcastNotFound = "broadcast.not_found", NotFound, "There is no such broadcast", "Look the identifier up in GET /api/admin/broadcasts.";
    BroadcastOver = "broadcast.over", Conflict, "The broadcast is over", "It was recalled before, or its time is over: nobody has it as unread any more.";
    BroadcastsFull = "broadcast.too_many", Conflict, "As many broadcasts wait or are live as there may be", "Recall one that is no longer needed, or let broadcasts expire sooner.";
    JobNotFound = "job.not_found", NotFound, "There is no such task", "Look the name up in GET /api/admin/jobs.";
    JobNotByHand = "job.not_by_hand", Conflict, "This task is not run by hand", "It runs by itself; GET /api/admin/jobs says when, and which ones are run by hand.";
    ExaminationNotFound = "examination.not_found", NotFound, "There is no such examination", "Look the identifier up in GET /api/admin/examinations; old ones are forgotten (doctor.keep).";
    ExaminationNoReport = "examination.no_report", NotFound, "There is no report of this examination", "Wait until its state is `done`; one that failed or was cancelled has none.";
    ExaminationUnderWay = "examination.under_way", Conflict, "This target is being examined already", "Wait for the examination named in `detail`, or cancel it.";
    ExaminationOver = "examination.over", Conflict, "The examination is over", "Only one that waits or runs can be cancelled.";
    ExaminationsFull = "examination.queue_full", Unavailable, "As many examinations wait as may", "Try again after the time in Retry-After.";
    TargetNotFound = "target.not_found", NotFound, "There is no such target", "Name one of GET /api/admin/doctor/targets; targets are `[[target]]` tables of the configuration.";
    RepairNotFound = "repair.not_found", NotFound, "The report offers no such repair", "Name the `repair` of one of the report's `repairs`.";
    RepairNotHere = "repair.not_here", Forbidden, "This repair is not carried out over HTTP", "Only repairs of class `auto` on this installation are; others are done at a terminal: `galen doctor --yes CAUSE`, or by hand as the report says.";
    RepairNotForetold = "repair.not_foretold", Unavailable, "What the repair would change cannot be found out", "`detail` says why; try again, or run `galen doctor` at a terminal.";
    IdempotencyMismatch = "request.idempotency_mismatch", Conflict, "The idempotency key was used for another content", "Use a new key for a new request.";

    PasswordTooShort = "password.too_short", Invalid, "The password is too short", "A few words make a good password and are easy to remember.";
    PasswordTooLong = "password.too_long", Invalid, "The password is too long", "Use at most 256 characters.";
    PasswordCommon = "password.common", Invalid, "The password is easy to guess", "A few words that do not belong together are hard to guess.";
    PasswordPersonal = "password.personal", Invalid, "The password contains your own name or address", "Leave your name and address out of it.";

    FieldRequired = "field.required", Invalid, "The field is missing", "Give it a value.";
    FieldUnknown = "field.unknown", Invalid, "There is no such field", "Leave it out, or look the name up in /openapi.json.";
    FieldType = "field.type", Invalid, "The field is of another type", "See /openapi.json for its type.";
    FieldEmail = "field.email", Invalid, "This is not an e-mail address", "Write it as name@example.org.";
    FieldLength = "field.length", Invalid, "The text is too short or too long", "The limits are in `detail`.";
    FieldFormat = "field.format", Invalid, "The text has characters it must not have", "The form is in `detail`.";
    FieldRange = "field.range", Invalid, "The value is out of range", "The limits are in `detail`.";
    FieldCategory = "field.category", Invalid, "The category is not known here", "Use one of notifications.categories, or add it there.";
    FieldLocked = "field.locked", Invalid, "This cannot be turned off", "Leave it on: what concerns an account's safety is always told.";
    FieldZone = "field.time_zone", Invalid, "There is no such time zone", "Use a name of the IANA time zone database such as Asia/Tehran, as browsers give it.";
    FieldPast = "field.past", Invalid, "The moment has passed", "Give a moment in the future, or leave it out.";
    FieldUrl = "field.url", Invalid, "This URL cannot be called", "Use an https URL of the public internet; a private network is named in webhooks.networks first.";
    FieldLink = "field.link", Invalid, "The link is not allowed", "Use an https URL or a path that begins with one slash.";

    Overloaded = "server.overloaded", Unavailable, "The server has more work than it can take", "Try again after the time in Retry-After.";
    DatabaseBusy = "server.database_busy", Unavailable, "The database does not take writes just now", "Try again after the time in Retry-After; `galen status` names who holds it.";
    DiskFull = "server.disk_full", Unavailable, "The disk is full", "Make room on the server's disk; nothing acknowledged was lost.";
    DeadlineExceeded = "server.deadline", Unavailable, "The server did not finish in time", "Try again; `galen doctor` finds out why.";
    ShuttingDown = "server.shutting_down", Unavailable, "The server is shutting down", "Try again in a moment.";
    NotReady = "server.not_ready", Unavailable, "The server is not ready", "Wait, or run `galen status` on the server.";
    Internal = "server.internal", Internal, "Something broke on our side", "Try again; give the request_id to whoever runs this server.";
}

/// A field that was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where it is: a JSON pointer (RFC 6901) into the body, or the parameter's name.
    pub pointer: String,
    /// What was wrong with it.
    pub code: Code,
    /// What was wrong with it, for a human, with the limits.
    pub detail: String,
}

/// A refusal: a code, what exactly was wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", code.text())]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// What was wrong this time. Never holds a secret, and nothing of the database's own words.
    pub detail: String,
    /// The fields that were wrong.
    pub fields: Vec<FieldError>,
    /// When trying again makes sense, in milliseconds from now.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// A refusal that says what its code's way out says.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, detail: code.fix().to_owned(), fields: Vec::new(), retry_after_ms: None }
    }

    /// The same refusal with its own detail.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same refusal with a time after which to try again.
    #[must_use]
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// A refusal of one field.
    #[must_use]
    pub fn field(pointer: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { pointer: pointer.into(), code, detail: detail.into() }])
    }

    /// A refusal of several fields.
    #[must_use]
    pub fn fields(fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::new(Code::InvalidFields) }
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_codes_are_spelled_alike_and_each_names_a_way_out() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.text()), "{} stands twice", code.text());
            assert!(code.text().contains('.') && !code.fix().is_empty(), "{}", code.text());
        }
    }
}
