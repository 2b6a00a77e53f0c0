//! An application behind nginx and behind Caddy that lets Galen say who is there.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a test starts programs, and fails by panicking"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use galen_tests::client::Client;
use galen_tests::galen::{Galen, PATIENCE, free_port, stop};
use serde_json::{Value, json};

const EMAIL: &str = "reader@example.org";
const PASSWORD: &str = "four quiet words together";

/// A program that is stopped when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        stop(&mut self.0);
    }
}

fn start(program: &str, words: &[&str], log: &Path) -> Running {
    let log = std::fs::File::create(log).expect("a log file");
    let child = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .env("HOME", std::env::temp_dir())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} must be installed: {error}"));
    Running(child)
}

fn wait_for(url: &str) {
    let client = Client::new(url);
    let until = Instant::now() + PATIENCE;
    while client.get("/").is_err() {
        assert!(Instant::now() < until, "{url} does not answer");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Starts the application and Galen with one user; gives Galen, the application and its port.
fn behind(proxy_port: u16) -> (Galen, Running, u16) {
    let public_url = format!("http://127.0.0.1:{proxy_port}");
    let galen = Galen::start(&[
        ("GALEN__SERVER__PUBLIC_URL", &public_url),
        ("GALEN__HTTP__TRUSTED_PROXIES", "127.0.0.1"),
    ])
    .expect("galen starts");
    galen.add_user(EMAIL, PASSWORD, false).expect("a user");
    let app_port = free_port().expect("a free port");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("apps/notes.py");
    let log = galen.folder().join("app.log");
    let script = script.to_str().expect("a path in UTF-8");
    let app = start("python3", &[script, &app_port.to_string()], &log);
    wait_for(&format!("http://127.0.0.1:{app_port}"));
    (galen, app, app_port)
}

/// What a visitor meets at the proxy, signed out, signed in, with a forged header, signed out again.
fn the_proxy_lets_galen_decide(proxy_port: u16) {
    let visitor = Client::new(&format!("http://127.0.0.1:{proxy_port}"));
    let forged = [
        ("X-Galen-User", "forged"),
        ("X-Galen-Role", "admin"),
        ("X_Galen_Role", "admin"),
        ("X-Galen_Email", "forged@example.org"),
    ];
    let stranger = visitor.send("GET", "/notes", None, &forged).expect("an answer");
    assert_eq!(stranger.status, 401, "{}", stranger.body);

    visitor.sign_in(EMAIL, PASSWORD).expect("sign in through the proxy");
    let answer = visitor.send("GET", "/notes?page=2", None, &forged).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let seen = answer.json();
    assert_eq!(seen["path"], "/notes?page=2");
    assert_eq!(seen["email"], EMAIL);
    assert_eq!(seen["role"], "user", "a forged role must not reach the application");
    let me = visitor.get("/api/me").expect("an answer").json();
    assert_eq!(seen["user"], me["user"]["id"]);

    // A client's trace goes on in the application; where there is none, none is made up.
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (sent, seen) in [(parent, json!([parent, "a=1"])), ("", json!([null, null]))] {
        let headers = [("traceparent", sent), ("tracestate", "a=1")];
        let headers = if sent.is_empty() { &headers[..0] } else { &headers[..] };
        let answer = visitor.send("GET", "/notes", None, headers).expect("an answer");
        assert_eq!(answer.json()["trace"], seen);
    }

    // What Galen serves itself passes without a question.
    for path in [
        "/setup",
        "/login",
        "/settings/sessions",
        "/admin/users",
        "/icon.svg",
        "/problems/auth.not_signed_in",
        "/readyz",
    ] {
        let page = Client::new(&format!("http://127.0.0.1:{proxy_port}")).get(path);
        assert_eq!(page.expect("an answer").status, 200, "{path}");
    }

    let out = visitor.change("POST", "/api/auth/logout", &Value::Null).expect("an answer");
    assert_eq!(out.status, 204, "{}", out.body);
    assert_eq!(visitor.get("/notes").expect("an answer").status, 401);
}

/// Fills the sample of `deploy/` in with this test's ports.
fn sample(name: &str, galen: &Galen, ports: [u16; 2]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name);
    let text = std::fs::read_to_string(path).expect("the sample");
    let [proxy_port, app_port] = ports;
    let filled = text
        .replace("127.0.0.1:8000", &format!("127.0.0.1:{}", galen.port()))
        .replace("127.0.0.1:3000", &format!("127.0.0.1:{app_port}"))
        .replace("app.example.org", &format!("http://127.0.0.1:{proxy_port}"));
    let path = galen.folder().join(name);
    std::fs::write(&path, filled).expect("write the sample");
    path.to_str().expect("a path in UTF-8").to_owned()
}

#[test]
fn nginx_asks_galen_who_is_there() {
    let proxy_port = free_port().expect("a free port");
    let (galen, _app, app_port) = behind(proxy_port);
    sample("nginx.conf", &galen, [proxy_port, app_port]);
    // The sample is a server block; nginx wants a whole configuration around it.
    let folder = galen.folder().to_str().expect("a path in UTF-8").to_owned();
    let server = std::fs::read_to_string(galen.folder().join("nginx.conf")).expect("the sample");
    let server = server
        .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{proxy_port};"))
        .lines()
        .filter(|line| !line.trim_start().starts_with("ssl_"))
        .map(|line| if line.contains("server_name") { "    server_name _;" } else { line })
        .collect::<Vec<_>>()
        .join("\n");
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\n\
         events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {folder}/body;\n\
         proxy_temp_path {folder}/proxy;\nfastcgi_temp_path {folder}/fastcgi;\n\
         uwsgi_temp_path {folder}/uwsgi;\nscgi_temp_path {folder}/scgi;\n{server}\n}}\n"
    );
    let path = galen.folder().join("whole.conf");
    std::fs::write(&path, whole).expect("write the configuration");
    let path = path.to_str().expect("a path in UTF-8");
    let nginx = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
    let _nginx = start(nginx, &["-c", path, "-p", &folder], &galen.folder().join("nginx.log"));
    wait_for(&format!("http://127.0.0.1:{proxy_port}"));
    the_proxy_lets_galen_decide(proxy_port);
}

#[test]
fn caddy_asks_galen_who_is_there() {
    let proxy_port = free_port().expect("a free port");
    let (galen, _app, app_port) = behind(proxy_port);
    let path = sample("Caddyfile", &galen, [proxy_port, app_port]);
    let text = std::fs::read_to_string(&path).expect("the sample");
    let global = "{\n    admin off\n    auto_https off\n}\n\n";
    std::fs::write(&path, format!("{global}{text}")).expect("write the configuration");
    let log = galen.folder().join("caddy.log");
    let words = ["run", "--adapter", "caddyfile", "--config", &path];
    let _caddy = start("caddy", &words, &log);
    wait_for(&format!("http://127.0.0.1:{proxy_port}"));
    the_proxy_lets_galen_decide(proxy_port);
}
