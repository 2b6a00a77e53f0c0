//! Links that open once: what they are for, what they are bound to, and the port to where they are kept.
//!
//! A link is bound to its purpose, to its user and to the address it was sent to. Its secret is
//! derived when a letter is delivered; what is kept is the secret's SHA-256.

use serde::{Deserialize, Serialize};

use crate::model::{Act, AuditCode, Content, EmailKey, EndedSession, NewUser, Role, User};
use crate::post::{Language, LetterCode, LinkName, Param};
use crate::{
    Cx, Fut, LinkId, NotificationId, Page, PageRequest, ParcelId, Secret, SessionId, StoreResult,
    TokenHash, UnixMs, UserId,
};

/// What a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Proves the address of an account.
    VerifyEmail,
    /// Sets a new password.
    ResetPassword,
    /// Proves the address an account shall have from now on.
    ConfirmEmail,
    /// Makes an account for who was invited.
    Invitation,
    /// "This was not me": ends every session, locks the password, undoes a change of the address.
    NotMe,
}

impl LinkPurpose {
    /// Every purpose.
    pub const ALL: [Self; 5] =
        [Self::VerifyEmail, Self::ResetPassword, Self::ConfirmEmail, Self::Invitation, Self::NotMe];

    /// The purpose as it is stored and printed; never changed, the secrets of links hang on it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ConfirmEmail => "confirm_email",
            Self::Invitation => "invitation",
            Self::NotMe => "not_me",
        }
    }

    /// The page, below the public URL, that opens it; it takes the secret from behind its `#`.
    #[must_use]
    pub const fn page(self) -> &'static str {
        match self {
            Self::VerifyEmail => "/verify",
            Self::ResetPassword => "/reset",
            Self::ConfirmEmail => "/confirm",
            Self::Invitation => "/invitation",
            Self::NotMe => "/not-me",
        }
    }
}

/// A link to be kept. The command that keeps it binds it to the user and the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewLink {
    /// Its name, from which its secret is derived.
    pub id: LinkId,
    /// What it opens.
    pub purpose: LinkPurpose,
    /// The SHA-256 of its secret.
    pub hash: TokenHash,
    /// When it stops opening.
    pub expires_at: UnixMs,
}

/// A link as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLink {
    /// Its name.
    pub id: LinkId,
    /// What it opens.
    pub purpose: LinkPurpose,
    /// Whose it is; nobody's yet for an invitation.
    pub user_id: Option<UserId>,
    /// The address it was sent to.
    pub email: String,
    /// That address' canonical form.
    pub email_key: EmailKey,
    /// What the invited may do.
    pub role: Option<Role>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it stops opening.
    pub expires_at: UnixMs,
    /// When it was used, if it was.
    pub used_at: Option<UnixMs>,
}

/// Why a link does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRefused {
    /// There is none, a newer one took its place, or it is bound to what is no more.
    Unknown,
    /// It was used.
    Used,
    /// It is too old.
    Expired,
}

impl KeptLink {
    /// Whether it opens at `now`.
    ///
    /// # Errors
    /// [`LinkRefused::Used`] and [`LinkRefused::Expired`].
    pub fn opens(&self, now: UnixMs) -> Result<(), LinkRefused> {
        match self.used_at {
            Some(_) => Err(LinkRefused::Used),
            None if self.expires_at <= now => Err(LinkRefused::Expired),
            None => Ok(()),
        }
    }
}

/// What a user is told in the inbox beside a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxCopy {
    /// The notification's name.
    pub id: NotificationId,
    /// What it says: the letter's code with its parameters.
    pub content: Content,
    /// When it leaves, at the end of its retention.
    pub gone_at: UnixMs,
}

/// A letter that a command owes: it is put into the outbox in the command's own savepoint, addressed
/// to the mailbox that is kept there, never to what somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The parcel's name.
    pub parcel: ParcelId,
    /// What the letter says.
    pub code: LetterCode,
    /// In which language.
    pub language: Language,
    /// Its parameters; `name` is added from the user's row.
    pub params: Vec<(String, Param)>,
    /// The link that opens something, when it has one. A [`LinkPurpose::NotMe`] is left out where
    /// the address was never proven: it would give the account to whoever owns a mistyped address.
    pub opens: Option<(LinkName, NewLink)>,
    /// The page of the installation that the link `open` leads to, when it has one.
    pub leads: Option<String>,
    /// What the inbox is told beside it.
    pub inbox: Option<InboxCopy>,
}

/// A device somebody signs in from, and the letter that is owed when it was not seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The first 16 bytes of a digest of what is known of it.
    pub digest: [u8; 16],
    /// The letter for the first time.
    pub owed: Owed,
}

/// The input of `account.register`.
#[derive(Clone, Debug)]
pub struct Registering {
    /// The user, whose address is not proven yet.
    pub user: NewUser,
    /// To the new user: the link that proves the address.
    pub verify: Owed,
    /// To whom the address belongs already: somebody registered with it.
    pub taken: Owed,
}

/// What became of a registration. Whoever registers is told none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The user was made.
    Made(UserId),
    /// There is an account; whose it is was told.
    Taken,
}

/// The input of `account.send_link`.
#[derive(Clone, Debug)]
pub struct SendLink {
    /// The canonical address that was typed.
    pub email_key: EmailKey,
    /// The letter with its link, for [`LinkPurpose::VerifyEmail`] or [`LinkPurpose::ResetPassword`].
    pub owed: Owed,
    /// Under which code it stands in the trail, sent or not.
    pub audit: AuditCode,
    /// How it stands there: a digest of the address, never the address.
    pub digest: String,
}

/// By what somebody who proves an address shows that the account is theirs, or takes it over from
/// whoever registered it without owning the address.
#[derive(Clone, Debug)]
pub enum Ownership {
    /// The password is right: it was checked against this hash.
    Password(Secret<String>),
    /// This session of the account asks.
    Session(SessionId),
    /// Neither: the password becomes one with this hash, and every session ends.
    NewPassword(Secret<String>),
}

/// The input of `account.reset_password`.
#[derive(Clone, Debug)]
pub struct PasswordReset {
    /// The hash of the link's secret.
    pub hash: TokenHash,
    /// The new password's hash.
    pub new_hash: Secret<String>,
    /// The letter that tells the user.
    pub owed: Owed,
}

/// The input of `account.disown`.
#[derive(Clone, Debug)]
pub struct Disowning {
    /// The hash of the link's secret.
    pub hash: TokenHash,
    /// A hash that no password has.
    pub locked: Secret<String>,
    /// The letter with the way back in.
    pub reset: Owed,
}

/// What a link opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The user as it is now.
    pub user: User,
    /// The sessions that ended; they must leave every cache.
    pub ended: Vec<EndedSession>,
}

/// The input of `account.ask_email_change`.
#[derive(Clone, Debug)]
pub struct EmailChange {
    /// Whose address.
    pub user_id: UserId,
    /// The new address as it was written.
    pub email: String,
    /// Its canonical form.
    pub email_key: EmailKey,
    /// To the new address: the link that confirms it.
    pub confirm: Owed,
    /// To the old address: that it is asked for.
    pub told: Owed,
    /// To the new address, when an account has it: that somebody wants it.
    pub taken: Owed,
}

/// What became of confirming a new address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailConfirmed {
    /// It is the account's address now.
    Changed(User),
    /// Meanwhile another account has it.
    Taken,
}

/// The input of `account.invite`.
#[derive(Clone, Debug)]
pub struct Inviting {
    /// The address as it was written.
    pub email: String,
    /// Its canonical form.
    pub email_key: EmailKey,
    /// What the invited may do.
    pub role: Role,
    /// The letter with its link.
    pub owed: Owed,
}

/// What a link gives, or why it does not open.
pub type LinkResult<T> = StoreResult<Result<T, LinkRefused>>;

/// The port to where links are kept. Commands that take an act look at its warrant first, as those of
/// [`crate::Store`] do. Of any number that use one link at once, one wins.
pub trait Links: Send + Sync {
    /// The link under this hash, whatever its state, if it has this purpose.
    fn link<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
        purpose: LinkPurpose,
    ) -> Fut<'a, StoreResult<Option<KeptLink>>>;

    /// Whether nobody proved the address of this account since it was registered.
    fn is_unproven<'a>(&'a self, cx: &'a Cx, user_id: UserId) -> Fut<'a, StoreResult<bool>>;

    /// The change of address that waits for its confirmation at `now`.
    fn pending_email<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
        now: UnixMs,
    ) -> Fut<'a, StoreResult<Option<KeptLink>>>;

    /// Invitations, newest first, used and expired ones included until they are swept.
    fn invitations<'a>(
        &'a self,
        cx: &'a Cx,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<KeptLink>>>;

    /// `account.register`: makes a user whose address is to be proven, or tells whom it belongs to.
    fn register<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        registering: Registering,
    ) -> Fut<'a, StoreResult<Registered>>;

    /// `account.send_link`: owes the letter to the active account under this address, if there is
    /// one, and if its address is not proven yet where that is what the link is for.
    fn send_link<'a>(&'a self, cx: &'a Cx, act: Act, send: SendLink) -> Fut<'a, StoreResult<()>>;

    /// `account.verify_email`: uses a link that proves an address.
    fn verify_email<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        hash: TokenHash,
        ownership: Ownership,
    ) -> Fut<'a, LinkResult<Opened>>;

    /// `account.reset_password`: uses a link that sets a password; ends every session, and proves the
    /// address the link was sent to.
    fn reset_password<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        reset: PasswordReset,
    ) -> Fut<'a, LinkResult<Opened>>;

    /// `account.ask_email_change`: keeps a change of address until the new one is confirmed, in
    /// place of an earlier one. Gives nothing away of whether the address has an account.
    fn ask_email_change<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        change: EmailChange,
    ) -> Fut<'a, StoreResult<()>>;

    /// `account.cancel_email_change`: forgets the change that waits. Gives whether one did.
    fn cancel_email_change<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
    ) -> Fut<'a, StoreResult<bool>>;

    /// `account.confirm_email`: uses a link that makes a new address the account's; the old address
    /// is told.
    fn confirm_email<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        hash: TokenHash,
        told: Owed,
    ) -> Fut<'a, LinkResult<EmailConfirmed>>;

    /// `account.disown`: uses a "this was not me": ends every session, locks the password by setting
    /// a hash that no password has, gives the account back to the address the link was sent to, and
    /// owes that address a link that sets a new password.
    fn disown<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        disowning: Disowning,
    ) -> Fut<'a, LinkResult<Opened>>;

    /// `account.revoke_session`: an admin ends anybody's session; its user is told.
    fn revoke_session<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: SessionId,
        owed: Owed,
    ) -> Fut<'a, StoreResult<Option<(EndedSession, UserId)>>>;

    /// `account.invite`: keeps an invitation in place of an earlier one of the same address. `None`:
    /// there is an account with this address.
    fn invite<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        inviting: Inviting,
    ) -> Fut<'a, StoreResult<Option<LinkId>>>;

    /// `account.withdraw_invitation`: forgets an invitation that was not used. Gives whether there
    /// was one.
    fn withdraw_invitation<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: LinkId,
    ) -> Fut<'a, StoreResult<bool>>;

    /// `account.accept_invitation`: uses an invitation: makes the user it is for, with its address,
    /// proven, and its role. `None`: there is an account with this address by now.
    fn accept_invitation<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        hash: TokenHash,
        user: NewUser,
    ) -> Fut<'a, LinkResult<Option<User>>>;
}
