//! What admins change in other rooms: the command is the other room's, the right is judged here.

use galen_core::model::Act;
use galen_core::{Cx, Fut, Refusal, Store, StoreResult};

use crate::{Accounts, Caller};

impl Accounts {
    /// Runs a named command of the store for `caller`, who must be an admin; `None` is the program
    /// itself. The act that `command` is given carries the session's warrant, so that the command
    /// asks again for the role; it runs to its end even when whoever asked goes away.
    ///
    /// # Errors
    /// [`galen_core::Code::NotAdmin`]; [`galen_core::Code::SessionEnded`]; those of the store.
    pub async fn command<T, F>(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        command: F,
    ) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a dyn Store, &'a Cx, Act) -> Fut<'a, StoreResult<T>> + Send + 'static,
    {
        caller.map(Caller::require_admin).transpose()?;
        let act = match caller {
            Some(caller) => self.act_by_admin(cx, caller),
            None => self.act(cx, None),
        };
        let done = self
            .desk
            .write_for(cx, caller, move |desk, cx| command(desk.store.as_ref(), cx, act))
            .await?;
        Ok(done)
    }
}
