//! Ending mails of a kind by the link in one of them (RFC 8058).
//!
//! The link's secret is derived from user and category, as those of other links are from their names
//! (decision 12), and kept nowhere. It stands in the URL, because programs of mailboxes post to it as
//! it is; it ends mails and opens nothing, and works for as long as there is the account.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use galen_core::preferences::{EVERY_OTHER, Unwanted};
use galen_core::{Code, Cx, Refusal, Secret, UserId};
use subtle::ConstantTimeEq as _;

use crate::Accounts;
use crate::accounts::CODE_BYTES;

/// Bytes of a user's name.
const ID_BYTES: usize = 16;

impl Accounts {
    /// The last part of the path of a link that ends mails of a category, or all that can be ended
    /// (`*`), to a user.
    #[must_use]
    pub fn unsubscribe_token(&self, user_id: UserId, category: &str) -> Secret<String> {
        let mut bytes = [0; ID_BYTES + CODE_BYTES];
        let (id, code) = bytes.split_at_mut(ID_BYTES);
        id.copy_from_slice(user_id.as_bytes());
        code.copy_from_slice(&self.keys.unsubscribe(user_id, category));
        Secret::new(format!("{}.{category}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Ends the mails a link is for. Once more changes nothing and is answered alike.
    ///
    /// # Errors
    /// [`Code::LinkUnknown`] when the link is none of ours, or the account is gone.
    pub async fn unsubscribe(&self, cx: &Cx, token: &str) -> Result<(), Refusal> {
        let unknown = || Refusal::new(Code::LinkUnknown);
        let (user_id, category) = self.read_token(token).ok_or_else(unknown)?;
        let unwanted = match category.as_str() {
            EVERY_OTHER => Unwanted::Every,
            _ => Unwanted::Category(category),
        };
        let act = self.act(cx, Some(user_id));
        let found = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(async move { desk.store.unsubscribe(cx, act, user_id, unwanted).await })
            })
            .await?;
        if found { Ok(()) } else { Err(unknown()) }
    }

    fn read_token(&self, token: &str) -> Option<(UserId, String)> {
        let (bytes, category) = token.split_once('.')?;
        let bytes = URL_SAFE_NO_PAD.decode(bytes).ok()?;
        let (id, code) = bytes.split_at_checked(ID_BYTES)?;
        let user_id = UserId::from_bytes(id.try_into().ok()?);
        let is_ours = self.keys.unsubscribe(user_id, category).ct_eq(code);
        bool::from(is_ours).then(|| (user_id, category.to_owned()))
    }
}
