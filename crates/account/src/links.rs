//! Links that open once, from the side of who uses them: prove an address, set a password, say that
//! something was somebody else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use galen_core::links::{
    Disowning, KeptLink, LinkPurpose, LinkRefused, Opened, Ownership, PasswordReset, SendLink,
};
use galen_core::model::{AuditCode, User};
use galen_core::post::{LetterCode, LinkName};
use galen_core::{Code, Cx, Refusal, Secret, StoreResult, TokenHash, UserId};

use crate::desk::Desk;
use crate::email::{Address, key_of_kept};
use crate::hash::{Choice, Places};
use crate::password::Owner;
use crate::prove::{Attempt, Flow};
use crate::{Accounts, Caller, NewPassword, Verification, fields, token};

/// Why a link does not open, as it is told.
pub(crate) fn refusal(refused: LinkRefused) -> Refusal {
    Refusal::new(match refused {
        LinkRefused::Unknown => Code::LinkUnknown,
        LinkRefused::Used => Code::LinkUsed,
        LinkRefused::Expired => Code::LinkExpired,
    })
}

/// What a link opened, after the caches have forgotten what ended.
pub(crate) fn forgotten(
    desk: &Desk,
    outcome: StoreResult<Result<Opened, LinkRefused>>,
) -> StoreResult<Result<Opened, LinkRefused>> {
    if let Ok(Ok(opened)) = &outcome {
        desk.warned(&opened.ended, opened.user.id);
    }
    outcome
}

impl Accounts {
    /// Sends a link that sets a new password to the account of this address, if there is one. The
    /// answer is the same either way, and comes at the same time.
    ///
    /// # Errors
    /// [`Code::InvalidFields`] at `/email`; [`Code::TooManyAttempts`] for one address or one mailbox.
    pub async fn forgot_password(&self, cx: &Cx, email: &str) -> Result<(), Refusal> {
        let code = (LetterCode::ResetPassword, LinkPurpose::ResetPassword, AuditCode::ResetAsked);
        self.send_link(cx, email, code).await
    }

    /// Sends a link that proves the address to the account of this address, if there is one whose
    /// address was not proven. The answer is the same either way, and comes at the same time.
    ///
    /// # Errors
    /// As [`Self::forgot_password`].
    pub async fn resend_verification(&self, cx: &Cx, email: &str) -> Result<(), Refusal> {
        let code =
            (LetterCode::VerifyEmail, LinkPurpose::VerifyEmail, AuditCode::VerificationAsked);
        self.send_link(cx, email, code).await
    }

    async fn send_link(
        &self,
        cx: &Cx,
        email: &str,
        (letter, purpose, audit): (LetterCode, LinkPurpose, AuditCode),
    ) -> Result<(), Refusal> {
        let address =
            Address::parse_field(email, "/email").map_err(|field| Refusal::fields(vec![field]))?;
        let _counted = self.limits.reserve_mail(cx.address, &address.key)?;
        let work = async {
            let send = SendLink {
                owed: self.with_link(self.letter(cx, letter), LinkName::Act, purpose),
                audit,
                digest: self.account_digest(&address.key),
                email_key: address.key,
            };
            let act = self.act(cx, None);
            self.desk.write(cx, move |desk, cx| desk.store.send_link(cx, act, send)).await?;
            Ok(())
        };
        self.evened(cx, work).await
    }

    /// The link under this token, if it opens just now. It costs a look-up, so whoever asks was
    /// counted before; the command that uses the link decides.
    pub(crate) async fn open_link(
        &self,
        cx: &Cx,
        token: &str,
        purpose: LinkPurpose,
    ) -> Result<(TokenHash, KeptLink), Refusal> {
        let _counted = self.limits.reserve_link(cx.address)?;
        let hash = token::hash_of(token).ok_or_else(|| refusal(LinkRefused::Unknown))?;
        let link = self.desk.store.link(cx, hash, purpose).await?;
        let link = link.ok_or_else(|| refusal(LinkRefused::Unknown))?;
        link.opens(self.clock.now()).map_err(refusal)?;
        Ok((hash, link))
    }

    /// Proves an address with the link that was mailed to it. Whoever does so also shows that the
    /// account is theirs: by the password, or by a session of it. Who can show neither did not
    /// register it; they set a new password, and the one who did loses password and sessions
    /// (CVE-2026-44166).
    ///
    /// # Errors
    /// [`Code::LinkUnknown`], [`Code::LinkUsed`], [`Code::LinkExpired`]; [`Code::InvalidFields`] at
    /// `/password` when neither is given; [`Code::WrongPassword`], which does not use the link up;
    /// [`Code::TooManyAttempts`].
    pub async fn verify_email(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        form: Verification,
    ) -> Result<User, Refusal> {
        let (hash, link) = self.open_link(cx, &form.token, LinkPurpose::VerifyEmail).await?;
        let user_id = link.user_id.ok_or_else(|| refusal(LinkRefused::Unknown))?;
        let ownership = match (form.password, form.new_password) {
            (None, Some(new)) => {
                let hash = self.choose(cx, user_id, new, "/new_password").await?;
                Ownership::NewPassword(hash)
            }
            (Some(password), None) => self.owned_by_password(cx, user_id, password).await?,
            (None, None) => match caller.filter(|caller| caller.user.id == user_id) {
                Some(caller) => Ownership::Session(caller.session.id),
                None => {
                    let detail = "Give the password you registered with, or a new one.";
                    return Err(Refusal::field("/password", Code::FieldRequired, detail));
                }
            },
            (Some(_), Some(_)) => {
                let detail = "Give either the password or a new one.";
                return Err(Refusal::field("/new_password", Code::FieldUnknown, detail));
            }
        };
        let act = self.act(cx, Some(user_id));
        let opened = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    forgotten(desk, desk.store.verify_email(cx, act, hash, ownership).await)
                })
            })
            .await?;
        Ok(opened.map_err(refusal)?.user)
    }

    async fn owned_by_password(
        &self,
        cx: &Cx,
        user_id: UserId,
        password: Secret<String>,
    ) -> Result<Ownership, Refusal> {
        let password = fields::given_password(&password, "/password")
            .map_err(|field| Refusal::fields(vec![field]))?;
        let credentials = self.desk.store.credentials_by_id(cx, user_id).await?;
        let credentials = credentials.ok_or_else(|| refusal(LinkRefused::Unknown))?;
        let account = key_of_kept(&credentials.user.email);
        let reservation = self.reserve_sign_in(cx, &account).await?;
        let attempt = Attempt {
            flow: Flow::VerifyEmail,
            actor: None,
            account,
            credentials: Some(credentials),
            password,
        };
        let proof = self.prove_password(cx, reservation, attempt).await?;
        let proof = proof.ok_or_else(|| Refusal::new(Code::WrongPassword))?;
        Ok(Ownership::Password(proof.credentials.password_hash))
    }

    /// Judges and hashes a password that shall be this user's.
    async fn choose(
        &self,
        cx: &Cx,
        user_id: UserId,
        password: Secret<String>,
        pointer: &str,
    ) -> Result<Secret<String>, Refusal> {
        let policy = &self.policy.password;
        let password = fields::new_password(&password, pointer, policy)
            .map_err(|field| Refusal::fields(vec![field]))?;
        let user = self.desk.store.user(cx, user_id).await?;
        let user = user.ok_or_else(|| refusal(LinkRefused::Unknown))?;
        let owner = Owner { email: user.email, name: user.name };
        let chosen = self.pool.make(cx, Choice { password, owner, places: Places::All }, policy);
        chosen.await?.map_err(|flaw| Refusal::fields(vec![flaw.field(pointer, policy)]))
    }

    /// Sets a password with the link that was mailed for it: every session ends, other such links are
    /// void, the address is proven by it, and the user is told.
    ///
    /// # Errors
    /// [`Code::LinkUnknown`], [`Code::LinkUsed`], [`Code::LinkExpired`]; [`Code::InvalidFields`] at
    /// `/password`, which does not use the link up; [`Code::TooManyAttempts`].
    pub async fn reset_password(&self, cx: &Cx, form: NewPassword) -> Result<User, Refusal> {
        let (hash, link) = self.open_link(cx, &form.token, LinkPurpose::ResetPassword).await?;
        let user_id = link.user_id.ok_or_else(|| refusal(LinkRefused::Unknown))?;
        let new_hash = self.choose(cx, user_id, form.password, "/password").await?;
        let owed = self.letter(cx, LetterCode::PasswordChanged);
        let owed = self.warning(owed, "Your password was changed");
        let reset = PasswordReset { hash, new_hash, owed };
        let act = self.act(cx, Some(user_id));
        let opened = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    let store = &desk.store;
                    forgotten(desk, store.reset_password(cx, act, reset).await)
                })
            })
            .await?;
        Ok(opened.map_err(refusal)?.user)
    }

    /// "This was not me": ends every session, locks the password, gives the account back to the
    /// address the warning went to, and mails that address a link that sets a new password.
    ///
    /// # Errors
    /// [`Code::LinkUnknown`], [`Code::LinkUsed`], [`Code::LinkExpired`]; [`Code::TooManyAttempts`].
    pub async fn disown(&self, cx: &Cx, token: &str) -> Result<(), Refusal> {
        let (hash, link) = self.open_link(cx, token, LinkPurpose::NotMe).await?;
        let reset = self.letter(cx, LetterCode::ResetPassword);
        let reset = self.with_link(reset, LinkName::Act, LinkPurpose::ResetPassword);
        let act = self.act(cx, link.user_id);
        let disowning = Disowning { hash, locked: self.locked(), reset };
        let opened = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(
                    async move { forgotten(desk, desk.store.disown(cx, act, disowning).await) },
                )
            })
            .await?;
        opened.map_err(refusal).map(drop)
    }

    /// A hash that no password has, and that takes as long to check as any: random where the salt and
    /// the hash stand. So nobody can tell a locked account from one with another password.
    fn locked(&self) -> Secret<String> {
        let (mut salt, mut hash) = ([0_u8; 16], [0_u8; 32]);
        self.entropy.fill(&mut salt);
        self.entropy.fill(&mut hash);
        let policy = &self.policy.hash;
        Secret::new(format!(
            "$argon2id$v=19$m={},t={},p=1${}${}",
            policy.memory_kib,
            policy.passes,
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(hash)
        ))
    }
}
