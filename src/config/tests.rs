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
