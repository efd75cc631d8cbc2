use std::io::Write as _;

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[test]
fn everything_has_a_default() {
    let config = Config::load(
        None,
        environment(&[("PATH", "/bin"), ("DOGWATCH_SMTP_URL", "")]),
    )
    .unwrap();
    assert_eq!(
        config.database,
        DatabaseUrl::Sqlite("./data/dogwatch.db".into())
    );
    assert_eq!(config.public_url(config.listen), "http://127.0.0.1:8080");
    for (listening, url) in [
        ("0.0.0.0:8080", "http://localhost:8080"),
        ("[::]:81", "http://localhost:81"),
        ("192.0.2.1:80", "http://192.0.2.1:80"),
    ] {
        assert_eq!(config.public_url(listening.parse().unwrap()), url);
    }
    assert!(config.smtp_url.is_none());
    assert_eq!(config.mail_kept, TimeDelta::days(400));
}

#[test]
fn the_environment_wins_over_the_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        "DOGWATCH_LISTEN = \"0.0.0.0:1\"\nDOGWATCH_PUBLIC_URL = \"https://duty.example.org/x/\"\nDOGWATCH_TRUSTED_PROXIES = [\"10.0.0.1\", \"fd00::/8\"]\n"
    )
    .unwrap();
    let config = Config::load(
        Some(file.path()),
        environment(&[("DOGWATCH_LISTEN", "127.0.0.1:2")]),
    )
    .unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!(
        config.public_url.as_deref(),
        Some("https://duty.example.org/x")
    );
    let proxies: Vec<String> = config
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(proxies, ["10.0.0.1/32", "fd00::/8"]);
}

#[test]
fn every_problem_is_named_and_no_secret_shown() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "DOGWATCH_LISTENN = \"x\"\nDOGWATCH_LOG_FORMAT = 1\n").unwrap();
    let pairs = [
        ("DATABASE_URL", "mysql://root:hunter2@localhost"),
        ("DOGWATCH_LISTEN", "localhost"),
        ("DOGWATCH_PUBLIC_URL", "ftp://example.org"),
        ("DOGWATCH_SMTP_URL", "http://user:hunter2@example.org"),
        ("DOGWATCH_MAIL_FROM", "nobody"),
        ("DOGWATCH_MAIL_RATE", "0"),
        ("DOGWATCH_MAIL_DAYS", "0"),
        ("DOGWATCH_BOOTSTRAP_TOKEN", "hunter2 hunter2"),
        ("DOGWATCH_TZDATA_DIR", "/nowhere"),
        ("DOGWATCH_SECRET", "hunter2"),
        ("DOGWATCH_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.0/33"),
        ("DOGWATCH_FORWARDED_HEADER", "X Forwarded"),
        ("DOGWATCH_KEEP_ALIVE", "0"),
        ("DOGWATCH_SMTP_HELO", "not a host"),
        ("DOGWATCH_INCIDENTS_PER_HOUR", "none"),
        ("DOGWATCH_COVER_REQUESTS_PER_HOUR", "-1"),
        ("DOGWATCH_FEEDS_PER_HOUR", "0"),
        ("DOGWATCH_OUTGOING_NETWORKS", "localhost"),
        ("DOGWATCH_LOG", "dogwatch=loud"),
        ("DOGWATCH_LOG_FORMAT", "xml"),
        ("DOGWATCH_COLOUR", "red"),
    ];
    let problems = Config::load(Some(file.path()), environment(&pairs)).unwrap_err();
    let text = problems.to_string();
    for (name, _) in pairs {
        assert!(text.contains(name), "{name} in {text}");
    }
    assert!(text.contains("DOGWATCH_LISTENN"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_bootstrap_token_that_can_be_guessed_is_refused() {
    let load =
        |token: &str| Config::load(None, environment(&[("DOGWATCH_BOOTSTRAP_TOKEN", token)]));
    for short in ["a", "fifteen-letters"] {
        let text = load(short).unwrap_err().to_string();
        assert!(text.contains("at least 16 characters"), "{text}");
        assert!(!text.contains(short) || short == "a", "{text}");
    }
    assert!(load("sixteen--letters").is_ok());
}

#[test]
fn what_is_logged_is_a_level_and_not_any_word() {
    let log = |text: &str| Config::load(None, environment(&[("DOGWATCH_LOG", text)]));
    for good in [
        "warn",
        "INFO",
        "info,dogwatch=debug",
        "off, actix_http::h1=trace",
    ] {
        assert_eq!(log(good).unwrap().log, good);
    }
    for bad in [
        "verbose",
        "debug,loud",
        "dogwatch",
        "=info",
        "dogwatch=",
        "a b=info",
        ",",
    ] {
        let text = log(bad).unwrap_err().to_string();
        assert!(
            text.contains("DOGWATCH_LOG") && text.contains("debug, trace"),
            "{text}"
        );
    }
}

#[test]
fn what_kubernetes_sets_for_a_service_of_this_name_is_ignored() {
    let ignored = [
        "DOGWATCH_SERVICE_HOST",
        "DOGWATCH_SERVICE_PORT",
        "DOGWATCH_SERVICE_PORT_HTTP",
        "DOGWATCH_PORT",
        "DOGWATCH_PORT_8080_TCP",
        "DOGWATCH_PORT_8080_TCP_PROTO",
        "DOGWATCH_PORT_8080_TCP_PORT",
        "DOGWATCH_PORT_8080_TCP_ADDR",
    ];
    Config::load(None, environment(&ignored.map(|name| (name, "x")))).unwrap();
    let errors = [
        "DOGWATCH_SERVICE",
        "DOGWATCH_SERVICE_HOSTS",
        "DOGWATCH_PORTS",
        "DOGWATCH_PORT_X_TCP",
        "DOGWATCH_PORT__TCP",
        "DOGWATCH_PORT_8080",
        "DOGWATCH_PORT_8080_TCPS",
    ];
    let refused = Config::load(None, environment(&errors.map(|name| (name, "x")))).unwrap_err();
    assert_eq!(refused.0.len(), errors.len(), "{refused}");
}

/// A file that holds this.
fn file_of(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

#[test]
fn each_secret_can_come_from_a_file_without_the_end_of_its_line() {
    use secrecy::ExposeSecret as _;
    let database = file_of(b"postgres://u:hunter2@a/db\n");
    let secret = file_of(b"a-secret-of-a-good-length \r\n");
    let smtp = file_of(b"smtps://u:hunter2@mail.example.org");
    let token = file_of(b"a-token-of-a-good-length\n");
    let path = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
    let config = Config::load(
        None,
        environment(&[
            ("DATABASE_URL_FILE", &path(&database)),
            ("DOGWATCH_SECRET_FILE", &path(&secret)),
            ("DOGWATCH_SMTP_URL_FILE", &path(&smtp)),
            ("DOGWATCH_BOOTSTRAP_TOKEN_FILE", &path(&token)),
        ]),
    )
    .unwrap();
    assert_eq!(
        config.database,
        DatabaseUrl::Postgres("postgres://u:hunter2@a/db".to_owned())
    );
    for (read, expected) in [
        (config.secret, "a-secret-of-a-good-length "),
        (config.bootstrap_token, "a-token-of-a-good-length"),
    ] {
        assert_eq!(read.unwrap().expose_secret(), expected);
    }
    let login = config.smtp_url.and_then(|server| server.login);
    assert_eq!(login.unwrap().password.expose_secret(), "hunter2");
    assert_eq!(config.secret_files.len(), 4);
}

#[test]
fn a_secret_is_set_once_and_by_the_file_of_settings_as_well() {
    let secret = file_of(b"hunter2-hunter2-hunter2");
    let path = secret.path().to_str().unwrap();
    let settings = file_of(format!("DOGWATCH_SECRET_FILE = {path:?}\n").as_bytes());
    let config = Config::load(Some(settings.path()), []).unwrap();
    assert!(config.secret.is_some());
    let both = [("DOGWATCH_SECRET", "hunter2-hunter2-hunter2")];
    let text = Config::load(Some(settings.path()), environment(&both))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("DOGWATCH_SECRET and DOGWATCH_SECRET_FILE"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_file_that_is_no_secret_is_named_without_being_quoted() {
    let huge = file_of("x".repeat(64 * 1024 + 1).as_bytes());
    let binary = file_of(b"hunter2\xff");
    let empty = file_of(b"\n");
    let folder = tempfile::TempDir::new().unwrap();
    let devices = [Path::new("/dev/zero"), Path::new("/nowhere")];
    let files = [huge.path(), binary.path(), empty.path(), folder.path()];
    for path in files.into_iter().chain(devices) {
        let given = [("DOGWATCH_SECRET_FILE", path.to_str().unwrap())];
        let text = Config::load(None, environment(&given))
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("DOGWATCH_SECRET_FILE") && text.contains(given[0].1),
            "{text}"
        );
        assert!(!text.contains("hunter2") && text.len() < 300, "{text}");
    }
}

#[test]
fn a_database_url_with_a_wrong_parameter_is_a_wrong_setting() {
    let given = [("DATABASE_URL", "postgres://u:hunter2@a/db?sslmode=bogus")];
    let text = Config::load(None, environment(&given))
        .unwrap_err()
        .to_string();
    assert!(text.contains("DATABASE_URL: sslmode must be"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_broken_file_is_named_without_being_quoted() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        "DOGWATCH_LISTEN = \"x\"\nDOGWATCH_SECRET = \"hunter2\n"
    )
    .unwrap();
    let text = Config::load(Some(file.path()), []).unwrap_err().to_string();
    assert!(
        text.contains("line 2") && !text.contains("hunter2"),
        "{text}"
    );
    assert!(Config::load(Some(Path::new("/nowhere.toml")), []).is_err());
}
