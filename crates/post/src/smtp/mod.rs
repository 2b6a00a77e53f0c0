//! Mail over SMTP: one courier that keeps a few connections, and never takes a broken one up again.

mod line;
mod message;
mod settings;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use galen_core::Fut;
use galen_core::post::{Channel, Courier, DeliveryFailure, Destination, Parcel, Receipt, Renderer};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use crate::says::{permanent, transient};
use line::{Line, Opening};
use message::Mail;
pub use settings::{Security, SmtpLogin, SmtpSettings, SmtpSettingsError};

/// Connections kept open for the next mail.
const KEPT_MAX: usize = 4;
/// How long one is kept: servers close idle ones after minutes.
const KEPT: Duration = Duration::from_secs(30);

/// The courier of mail.
pub struct Smtp {
    opening: Opening,
    from: Mailbox,
    renderer: Arc<dyn Renderer>,
    kept: Mutex<Vec<(Line, Instant)>>,
    timeout: Duration,
}

impl Smtp {
    /// A courier to the server of these settings. Nothing is connected yet.
    ///
    /// # Errors
    /// When the settings would show a mail or a password to others, or cannot be used.
    pub fn new(
        settings: SmtpSettings,
        renderer: Arc<dyn Renderer>,
    ) -> Result<Self, SmtpSettingsError> {
        settings.judge()?;
        let from = settings.from.parse().map_err(|_| SmtpSettingsError::From)?;
        let is_plain =
            matches!(settings.security, Security::PlainLoopback | Security::PlainAnywhere);
        let tls = if is_plain { None } else { Some(tls(&settings)?) };
        let opening = Opening {
            tls,
            is_tls_at_once: settings.security == Security::Tls,
            host: settings.host,
            port: settings.port,
            login: settings
                .login
                .map(|login| Credentials::new(login.user, login.password.reveal().clone())),
            hello: ClientId::Domain(settings.hello),
            timeout: settings.timeout,
        };
        let kept = Mutex::default();
        Ok(Self { opening, from, renderer, kept, timeout: settings.timeout })
    }

    async fn attempt(&self, mail: &Mail) -> Result<Receipt, DeliveryFailure> {
        let mut line = self.line().await?;
        match line.send(mail).await {
            Ok(receipt) => {
                self.keep(line);
                Ok(receipt)
            }
            Err(failure) => {
                line.close().await;
                Err(failure)
            }
        }
    }

    /// A connection that works: a kept one, or a new one.
    async fn line(&self) -> Result<Line, DeliveryFailure> {
        while let Some((mut line, since)) = self.take() {
            if since.elapsed() < KEPT && line.is_alive().await {
                return Ok(line);
            }
        }
        Line::open(&self.opening).await
    }

    fn take(&self) -> Option<(Line, Instant)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, line: Line) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push((line, Instant::now()));
        }
    }
}

impl Courier for Smtp {
    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Fut<'a, Result<Receipt, DeliveryFailure>> {
        Box::pin(async move {
            let Destination::Mailbox { address } = &parcel.destination else {
                return Err(permanent("the courier of mail carries mail only"));
            };
            let rendered =
                self.renderer.render(&parcel.letter).map_err(|error| permanent(&error))?;
            let mail = message::compose(&self.from, address, parcel, &rendered)
                .map_err(|error| permanent(&error))?;
            // Whoever gives up drops the connection with it: half an exchange is never taken up
            // again, where an answer to this mail would pass for one to the next.
            match tokio::time::timeout(self.timeout, self.attempt(&mail)).await {
                Ok(outcome) => outcome,
                Err(_elapsed) => Err(transient("the mail server did not answer in time")),
            }
        })
    }
}

fn tls(settings: &SmtpSettings) -> Result<TlsParameters, SmtpSettingsError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.roots_pem {
        let broken = |error| SmtpSettingsError::Tls(format!("{error}"));
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(broken)?);
    }
    builder.build().map_err(|error| SmtpSettingsError::Tls(error.to_string()))
}
