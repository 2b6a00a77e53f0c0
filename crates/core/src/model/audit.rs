//! The audit trail: who did what, from where, in which request. Rows are only ever added.

use serde::{Deserialize, Serialize};

use crate::{AuditId, RequestId, SessionId, UnixMs, UserId};

macro_rules! audit_codes {
    ($($name:ident = $text:literal: $doc:literal;)*) => {
        /// What happened. Codes are never reused or renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AuditCode { $(#[doc = $doc] $name,)* }

        impl AuditCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as it is stored and printed.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

audit_codes! {
    UserCreated = "user.created": "An account was made.";
    UserChanged = "user.changed": "An admin changed an account.";
    UserProfileChanged = "user.profile_changed": "A user changed its own profile.";
    PreferencesChanged = "user.preferences_changed": "A user changed what it is told by which channel.";
    Unsubscribed = "user.unsubscribed": "A user ended mails of a kind by the link in one of them.";
    UserDeleted = "user.deleted": "An account was deleted.";
    UsersExported = "user.exported": "An admin exported the list of accounts.";
    DataExported = "user.data_exported": "A user exported what is kept about it.";
    LoginSucceeded = "login.succeeded": "Somebody signed in.";
    LoginFailed = "login.failed": "A password was wrong, the address unknown or the account disabled.";
    Reauthenticated = "login.reauthenticated": "A signed-in user gave the password again.";
    PasswordChanged = "password.changed": "A user changed its password.";
    SessionEnded = "session.ended": "A session ended; its reason is in the parameters.";
    Registered = "user.registered": "A visitor registered with an address that has an account.";
    VerificationAsked = "email.verification_asked": "A link that proves an address was asked for.";
    EmailVerified = "email.verified": "Somebody proved the address of an account.";
    EmailChangeAsked = "email.change_asked": "A user asked for another address.";
    EmailChangeCancelled = "email.change_cancelled": "A user took the wish for another address back.";
    EmailChanged = "email.changed": "An account has another address.";
    ResetAsked = "password.reset_asked": "A link that sets a new password was asked for.";
    PasswordReset = "password.reset": "A password was set by a mailed link.";
    AccountDisowned = "account.disowned": "\"This was not me\": every session ended, the password was locked.";
    InvitationSent = "invitation.sent": "An admin invited an address.";
    InvitationWithdrawn = "invitation.withdrawn": "An admin took an invitation back.";
    InvitationAccepted = "invitation.accepted": "An invitation was used: the account was made.";
    MailTested = "mail.tested": "An admin had a test mail sent.";
    MailShown = "mail.shown": "An admin read a captured mail.";
    MailResent = "mail.resent": "An admin queued a mail once more.";
    MailCancelled = "mail.cancelled": "An admin took a mail back that waited.";
    WebhookAdded = "webhook.added": "An admin added a webhook.";
    WebhookChanged = "webhook.changed": "An admin changed a webhook, or its receiver is gone.";
    WebhookRotated = "webhook.rotated": "An admin gave a webhook a new secret.";
    WebhookRemoved = "webhook.removed": "An admin removed a webhook.";
    WebhookTested = "webhook.tested": "An admin had a test sent to a webhook.";
    PushSubscribed = "push.subscribed": "A user let a browser be told.";
    PushForgotten = "push.forgotten": "A browser is told no more: its user said so, or its push service did.";
    SetupCompleted = "setup.completed": "The first admin was made through the setup link.";
    NotificationPublished = "notification.published": "Users were told something.";
    BroadcastPublished = "broadcast.published": "A broadcast was written, to be sent at once or at its time.";
    BroadcastRecalled = "broadcast.recalled": "A broadcast was taken back from those who had not read it.";
    ApiKeyCreated = "api_key.created": "An API key was made.";
    ApiKeyRevoked = "api_key.revoked": "An API key was revoked.";
    UpkeepRun = "upkeep.run": "Maintenance was run: by a measurement, by hand or by the doctor.";
    PoolRecycled = "pool.recycled": "The database connections for reading were opened anew.";
    RuleChanged = "alert.rule_changed": "An admin changed a rule of the alerts.";
    RuleReset = "alert.rule_reset": "An admin set a rule of the alerts back to its default.";
    Silenced = "alert.silenced": "An admin silenced alerts.";
    TrailExported = "audit.exported": "An admin exported the audit trail.";
    JobRun = "job.run": "An admin had a periodic task run at once.";
    ExaminationBegun = "examination.begun": "An admin had the doctor examine something.";
    ExaminationCancelled = "examination.cancelled": "An admin ended an examination.";
    RepairOrdered = "repair.ordered": "An admin ordered a repair that the doctor offered.";
    RepairEnded = "repair.ended": "An ordered repair ended; its receipt is in the parameters.";
    SilenceEnded = "alert.silence_ended": "An admin ended a silence before its time.";
}

/// Who does something, from where, in which request: what every audited command carries.
#[derive(Clone, Debug)]
pub struct Act {
    /// The audit row's name.
    pub id: AuditId,
    /// When.
    pub at: UnixMs,
    /// Who, when somebody is known.
    pub actor: Option<UserId>,
    /// From which address; `None` for the command line.
    pub address: Option<String>,
    /// In which request.
    pub request_id: RequestId,
    /// By what right, when it hangs on a session that may have ended since the request was let in.
    /// `None` for the command line and the system, for signing in, and for a sign-out.
    pub warrant: Option<Warrant>,
}

/// The right by which a signed-in user acts. Every command looks at it once more in its own
/// savepoint, so that a session that was revoked while its request was under way (its body held
/// back, its password being hashed) changes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warrant {
    /// The session. Its row must be there, be the actor's, and not have expired.
    pub session: SessionId,
    /// Whether the actor must still be an admin.
    pub needs_admin: bool,
}

impl Warrant {
    /// How long after the end that is written down a session's right is still taken, in
    /// milliseconds: a use that moved the end may wait in memory, and the sweep leaves the same
    /// minute.
    pub const LEEWAY_MS: i64 = 60_000;
}

/// One row of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its name; newer ones sort later.
    pub id: AuditId,
    /// When.
    pub at: UnixMs,
    /// What happened: the text of an [`AuditCode`].
    pub code: String,
    /// Who did it, when somebody is known.
    pub actor: Option<UserId>,
    /// To whom or what: `user:…` or `session:…`.
    pub target: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// In which request.
    pub request_id: RequestId,
    /// Typed parameters, a JSON object as text; never a secret.
    pub params: String,
}

/// Which rows of the trail are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what this user did.
    pub actor: Option<UserId>,
    /// Only rows with this code.
    pub code: Option<String>,
    /// Only what concerns this user: done to it, or to a session of its.
    pub subject: Option<UserId>,
    /// Only rows of this moment or later.
    pub from: Option<UnixMs>,
    /// Only rows before this moment.
    pub until: Option<UnixMs>,
}
