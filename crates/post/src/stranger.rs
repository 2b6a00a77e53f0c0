//! Somebody else's server, for the tests of this room: a real socket, one answer, and what it received.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A server on the loopback interface that answers the first request it gets.
pub struct Stranger {
    port: u16,
    called: Arc<AtomicBool>,
    received: oneshot::Receiver<Vec<u8>>,
}

impl Stranger {
    /// Starts one that gives this answer and closes the connection after it.
    pub async fn answering(answer: &str) -> Self {
        let (listener, port) = listen().await;
        let called = Arc::new(AtomicBool::new(false));
        let (tell, received) = oneshot::channel();
        let (answer, noted) = (answer.to_owned(), Arc::clone(&called));
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            noted.store(true, Ordering::SeqCst);
            converse(stream, &answer, tell).await;
        });
        Self { port, called, received }
    }

    /// The same over TLS, for `localhost`; gives its certificate in PEM. Whoever does not trust it and
    /// goes away is not counted.
    pub async fn encrypted(answer: &str) -> (Self, String) {
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (listener, port) = listen().await;
        let called = Arc::new(AtomicBool::new(false));
        let (tell, received) = oneshot::channel();
        let (answer, noted) = (answer.to_owned(), Arc::clone(&called));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if let Ok(stream) = acceptor.accept(stream).await {
                    noted.store(true, Ordering::SeqCst);
                    return converse(stream, &answer, tell).await;
                }
            }
        });
        (Self { port, called, received }, issued.cert.pem())
    }

    /// A URL of this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Whether anybody connected.
    pub fn was_called(&self) -> bool {
        self.called.load(Ordering::SeqCst)
    }

    /// The request it received, head and body, as text.
    pub async fn received(self) -> String {
        String::from_utf8(self.received_bytes().await).unwrap()
    }

    /// The request it received, head and body.
    pub async fn received_bytes(self) -> Vec<u8> {
        self.received.await.unwrap()
    }
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: &str,
    tell: oneshot::Sender<Vec<u8>>,
) {
    let request = read(&mut stream).await;
    // Whoever has read enough may close before the end of a long answer.
    let _may_be_closed = stream.write_all(answer.as_bytes()).await;
    let _may_be_closed = stream.shutdown().await;
    let _may_be_given_up = tell.send(request);
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut request = Vec::new();
    loop {
        let head = request.windows(4).position(|end| end == b"\r\n\r\n");
        if let Some(end) = head {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if request.len() >= end + 4 + length {
                return request;
            }
        }
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return request;
        }
    }
}
