//! The asking side of the control protocol: blocking, because a verb does nothing meanwhile.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::{ANSWER_BYTES_MAX, ANSWER_TIMEOUT_S, ASK_TIMEOUT_S, Answer, Ask, Refused};
use crate::failure::{Failure, OrFail};
use crate::wire::place::Place;
use crate::wire::socket;

/// A connection to the running server.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to the server of this place; `None` when none listens.
    ///
    /// # Errors
    /// When the socket is there and cannot be used, for example for want of rights.
    pub fn connect(place: &Place) -> Result<Option<Self>, Failure> {
        match socket::connect(place) {
            Ok(stream) => Ok(Some(Self { stream })),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
                io::ErrorKind::PermissionDenied => {
                    Err(Failure::new("the running Galen belongs to another user")
                        .fix("run the command as that user, or as root"))
                }
                _ => Err(Failure::new(format!("the control socket cannot be used: {error}"))),
            },
        }
    }

    /// Asks one question and reads its answer.
    ///
    /// # Errors
    /// When the server refuses, breaks off or takes too long.
    pub fn ask<T: DeserializeOwned>(self, ask: &Ask) -> Result<T, Failure> {
        self.try_ask(ask)?.map_err(Failure::from)
    }

    /// Asks one question; what the server refuses is told apart from what went wrong on the way.
    ///
    /// # Errors
    /// When the server breaks off, takes too long or is of another version.
    pub fn try_ask<T: DeserializeOwned>(self, ask: &Ask) -> Result<Result<T, Refused>, Failure> {
        let answer =
            self.exchange(ask).or_fail(|| "the running Galen did not answer".to_owned())?;
        match answer {
            Answer::Done(value) => serde_json::from_value(value)
                .map(Ok)
                .or_fail(|| {
                    "the running Galen is of another version and answers differently".to_owned()
                })
                .map_err(|failure| failure.fix("restart the server with this binary")),
            Answer::Refused(refused) => Ok(Err(refused)),
        }
    }

    fn exchange(mut self, ask: &Ask) -> io::Result<Answer> {
        self.stream.set_write_timeout(Some(Duration::from_secs(ASK_TIMEOUT_S)))?;
        self.stream.set_read_timeout(Some(Duration::from_secs(ANSWER_TIMEOUT_S)))?;
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        self.stream.write_all(&line)?;
        self.stream.shutdown(Shutdown::Write)?;
        let limit = u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
        let mut answer = String::new();
        BufReader::new(self.stream.take(limit)).read_line(&mut answer)?;
        if answer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection"));
        }
        Ok(serde_json::from_str(&answer)?)
    }
}
