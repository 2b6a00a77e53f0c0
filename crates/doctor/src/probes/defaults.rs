//! What is known of servers and libraries before anything is measured: their defaults, each with where it
//! is documented. They are circumstances; no check judges by them.

use super::census::Member;

/// One default.
struct Default {
    /// Of what, as it is recognised or as its folder among Python's packages is called.
    of: &'static str,
    /// What it says.
    says: &'static str,
    /// Where that stands.
    source: &'static str,
}

/// THE table of defaults.
const ALL: &[Default] = &[
    Default {
        of: "uvicorn",
        says: "1 worker unless --workers or WEB_CONCURRENCY says more; idle connections are closed after 5 s; backlog 2048",
        source: "Uvicorn, Settings",
    },
    Default {
        of: "gunicorn",
        says: "1 worker of class sync, which serves one request at a time; a worker silent for 30 s is killed and restarted; idle connections are closed after 2 s; backlog 2048",
        source: "Gunicorn, Settings",
    },
    Default {
        of: "hypercorn",
        says: "1 worker; idle connections are closed after 5 s; backlog 100",
        source: "Hypercorn, Configuring",
    },
    Default {
        of: "waitress-serve",
        says: "4 threads; 100 connections at most; idle connections are closed after 120 s",
        source: "Waitress, Arguments",
    },
    Default {
        of: "flask",
        says: "the development server, one thread a request; not made for production",
        source: "Flask, Development Server",
    },
    Default {
        of: "manage.py",
        says: "Django's runserver, one thread a request; not made for production",
        source: "Django, django-admin runserver",
    },
    Default {
        of: "node",
        says: "one event loop; 4 threads of libuv for files, DNS and crypto (UV_THREADPOOL_SIZE)",
        source: "Node.js, Command-line API",
    },
    Default {
        of: "node",
        says: "idle connections are closed after 5 s (server.keepAliveTimeout); a request must arrive within 300 s (server.requestTimeout), its headers within 60 s",
        source: "Node.js, HTTP",
    },
    Default {
        of: "galen",
        says: "one process, as many worker threads as CPUs (server.threads); passwords are hashed by permits of their own (accounts.hash_permits)",
        source: "Galen, docs/reference/configuration.md",
    },
    Default {
        of: "anyio",
        says: "40 threads for synchronous routes and to_thread.run_sync; the 41st waits",
        source: "AnyIO, Working with threads",
    },
    Default {
        of: "django",
        says: "CONN_MAX_AGE = 0: a database connection is made for every request",
        source: "Django, Settings",
    },
    Default {
        of: "sqlalchemy",
        says: "a pool of 5 connections and 10 more in need (pool_size, max_overflow); 30 s of waiting for one (pool_timeout)",
        source: "SQLAlchemy, Engine Configuration",
    },
    Default {
        of: "psycopg_pool",
        says: "4 connections (min_size); 30 s of waiting for one (timeout)",
        source: "Psycopg, psycopg_pool",
    },
];

/// The defaults that hold for a server and the Python packages beside its interpreter, one line each.
pub fn of(recognised: Option<&str>, member: &Member) -> Vec<String> {
    let holds = |one: &&Default| recognised == Some(one.of) || has_package(member, one.of);
    let line = |one: &Default| format!("{}: {} ({})", one.of, one.says, one.source);
    ALL.iter().filter(holds).map(line).collect()
}

/// Whether a package lies beside the interpreter of a virtual environment that the process was started
/// with. What the system's own interpreter has is not looked for: it says nothing about this program.
fn has_package(member: &Member, package: &str) -> bool {
    let Some(interpreter) = member.command.first().map(std::path::Path::new) else { return false };
    let Some(home) = interpreter.parent().and_then(|bin| bin.parent()) else { return false };
    if !home.join("pyvenv.cfg").is_file() {
        return false;
    }
    let versions = std::fs::read_dir(home.join("lib")).into_iter().flatten().flatten().take(8);
    versions.into_iter().any(|one| one.path().join("site-packages").join(package).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_server_and_of_its_own_environment() {
        let home = tempfile::tempdir().unwrap();
        let python = home.path().join("bin/python").display().to_string();
        let member = Member { command: vec![python], ..Member::default() };
        assert!(of(Some("gunicorn"), &member)[0].contains("30 s"));
        assert_eq!(of(None, &member), Vec::<String>::new());
        std::fs::write(home.path().join("pyvenv.cfg"), "").unwrap();
        let packages = home.path().join("lib/python3.11/site-packages");
        std::fs::create_dir_all(packages.join("anyio")).unwrap();
        let told = of(Some("uvicorn"), &member);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[1].contains("40 threads"));
    }
}
