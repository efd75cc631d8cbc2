//! The commands, as a shell sees them.

use assert_cmd::Command;
use tempfile::TempDir;

use crate::harness::Database;
use crate::harness::program::{self, Program};

/// The program, without the settings of whoever runs the tests, in an empty folder.
fn dogwatch(folder: &TempDir) -> Command {
    let mut command = Command::cargo_bin("dogwatch").unwrap();
    command
        .env_clear()
        .env("DOGWATCH_LISTEN", "127.0.0.1:0")
        .current_dir(folder.path());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_is_worth_reading() {
    let folder = TempDir::new().unwrap();
    for (arguments, words) in [
        (
            &["--help"][..],
            &[
                "serve",
                "demo",
                "who",
                "sign-in",
                "token",
                "migrate",
                "check",
                "DATABASE_URL",
                "Exit codes",
            ][..],
        ),
        (
            &["serve", "--help"],
            &["DOGWATCH_BOOTSTRAP_TOKEN", "administrator"],
        ),
        (&["who", "--help"], &["--team", "--at", "Example"]),
        (
            &["token", "create", "--help"],
            &["--email", "--scope", "--administrator", "Example"],
        ),
        (&["check", "--help"], &["DOGWATCH_SMTP_URL"]),
        (&["demo", "--help"], &["throw-away"]),
    ] {
        let help = text(
            &dogwatch(&folder)
                .args(arguments)
                .assert()
                .success()
                .get_output()
                .stdout,
        );
        for word in words {
            assert!(help.contains(word), "{word} in {arguments:?}: {help}");
        }
    }
}

#[test]
fn a_broken_configuration_is_named_whole() {
    let folder = TempDir::new().unwrap();
    for command in ["check", "serve", "migrate", "who"] {
        let failed = dogwatch(&folder)
            .arg(command)
            .env("DOGWATCH_LISTEN", "here")
            .env("DOGWATCH_LOG_FORMAT", "xml")
            .env("DOGWATCH_SMTP_URL", "hunter2")
            .env("DOGWATCH_LISTENN", "x")
            .assert()
            .code(2);
        let error = text(&failed.get_output().stderr);
        for key in [
            "DOGWATCH_LISTEN:",
            "DOGWATCH_LOG_FORMAT:",
            "DOGWATCH_SMTP_URL:",
            "DOGWATCH_LISTENN:",
        ] {
            assert!(error.contains(key), "{key} in {error}");
        }
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_unknown_scheme_names_the_setting_and_leaves_no_file() {
    let folder = TempDir::new().unwrap();
    for url in [
        "mysql://localhost/x",
        "dogwatch.db",
        "postgres:oops",
        "sqlite:",
    ] {
        let failed = dogwatch(&folder)
            .arg("serve")
            .env("DATABASE_URL", url)
            .assert()
            .code(2);
        let error = text(&failed.get_output().stderr);
        assert!(error.contains("DATABASE_URL"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_server_that_does_not_answer_names_the_setting_and_no_password() {
    let folder = TempDir::new().unwrap();
    for command in ["serve", "migrate", "check"] {
        let failed = dogwatch(&folder)
            .arg(command)
            .env(
                "DATABASE_URL",
                "postgres://ada:hunter2@127.0.0.1:1/dogwatch",
            )
            .env("DOGWATCH_LISTEN", "127.0.0.1:0")
            .assert()
            .code(1);
        let output = failed.get_output();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(said.contains("DATABASE_URL"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn tokens_are_made_by_command_and_who_reads_the_database() {
    let folder = TempDir::new().unwrap();
    dogwatch(&folder).arg("migrate").assert().success();
    let create = [
        "token",
        "create",
        "--email",
        "ada@example.org",
        "--scope",
        "write",
    ];
    let failed = dogwatch(&folder).args(create).assert().code(1);
    assert!(text(&failed.get_output().stderr).contains("no such person"));
    let made = dogwatch(&folder)
        .args(create)
        .args(["--administrator", "Ada"])
        .assert()
        .success();
    assert!(text(&made.get_output().stdout).starts_with("dw_"));
    dogwatch(&folder).args(create).assert().success();

    dogwatch(&folder)
        .arg("who")
        .assert()
        .success()
        .stdout("There are no rotations.\n");
    let checked = dogwatch(&folder).arg("check").assert();
    assert!(text(&checked.get_output().stdout).contains("mails are written as files"));
}

#[test]
fn wrong_arguments_end_with_2_and_what_is_not_there_with_1() {
    let folder = TempDir::new().unwrap();
    dogwatch(&folder).arg("migrate").assert().success();
    for (arguments, code, word) in [
        (&["who", "--at", "nonsense"][..], 2, "--at"),
        (&["who", "--at", "9999-01-01T00:00:00Z"], 2, "--at"),
        (&["who", "--nonsense"], 2, "--nonsense"),
        (&["who", "--team", "nobody"], 1, "--team"),
        (&["sign-in", "--email", "nobody"], 2, "--email"),
        (
            &["sign-in", "--email", "ada@example.org"],
            1,
            "no such person",
        ),
        (&["token", "create", "--email", "nobody"], 2, "--email"),
        (
            &["token", "create", "--email", "a@b.org", "--scope", "all"],
            2,
            "--scope",
        ),
        (&["check", "--config", "nowhere.toml"], 2, "--config"),
        (&["demo", "--port", "99999"], 2, "--port"),
        (&["nonsense"], 2, "nonsense"),
    ] {
        let failed = dogwatch(&folder).args(arguments).assert().code(code);
        let error = text(&failed.get_output().stderr);
        assert!(error.contains(word), "{arguments:?}: {error}");
    }
}

#[test]
fn commands_beside_the_server_make_no_database() {
    let folder = TempDir::new().unwrap();
    for arguments in [
        &["who"][..],
        &["sign-in", "--email", "ada@example.org"],
        &[
            "token",
            "create",
            "--email",
            "ada@example.org",
            "--administrator",
            "Ada",
        ],
    ] {
        let failed = dogwatch(&folder).args(arguments).assert().code(1);
        let error = text(&failed.get_output().stderr);
        let file = folder
            .path()
            .canonicalize()
            .unwrap()
            .join("data/dogwatch.db");
        assert!(error.contains(file.to_str().unwrap()), "{error}");
        assert!(error.contains("DOGWATCH_DATA_DIR"), "{error}");
        let named = dogwatch(&folder)
            .args(arguments)
            .env("DATABASE_URL", "sqlite:other.db")
            .assert()
            .code(1);
        let error = text(&named.get_output().stderr);
        assert!(
            error.contains("DATABASE_URL") && error.contains("other.db"),
            "{error}"
        );
    }
    dogwatch(&folder).arg("check").assert().success();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn commands_beside_the_server_make_no_tables() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("empty.db"), "").unwrap();
    for arguments in [&["who"][..], &["sign-in", "--email", "ada@example.org"]] {
        let failed = dogwatch(&folder)
            .args(arguments)
            .env("DATABASE_URL", "sqlite:empty.db")
            .assert()
            .code(1);
        let error = text(&failed.get_output().stderr);
        assert!(error.contains("no tables of Dogwatch"), "{error}");
    }
    let check = dogwatch(&folder)
        .arg("check")
        .env("DATABASE_URL", "sqlite:empty.db")
        .assert();
    let said = text(&check.get_output().stdout);
    assert!(said.contains("without tables yet"), "{said}");
}

/// The lines of `check` with these settings, which must end with this code.
fn checked(folder: &TempDir, settings: &[(&str, &str)], code: i32) -> String {
    let check = dogwatch(folder)
        .arg("check")
        .envs(settings.iter().copied())
        .assert()
        .code(code);
    text(&check.get_output().stdout)
}

/// The line of one check.
fn line<'a>(said: &'a str, what: &str) -> &'a str {
    let found = said.lines().find(|line| line.starts_with(what));
    found.unwrap_or_else(|| panic!("{what} in {said}"))
}

#[test]
fn a_check_tries_what_serving_would_do_and_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let said = checked(&folder, &[], 0);
    for what in [
        "configuration",
        "address",
        "data folder",
        "zone data",
        "database",
        "mail",
    ] {
        assert!(line(&said, what).contains(" ok"), "{said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // With a database and a folder of mails, too.
    dogwatch(&folder).arg("migrate").assert().success();
    std::fs::create_dir(folder.path().join("data/mail")).unwrap();
    let names = || {
        let entries = std::fs::read_dir(folder.path().join("data")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let said = checked(&folder, &[], 0);
    assert!(line(&said, "database").contains("version 0"), "{said}");
    assert_eq!(names(), before);
    assert_eq!(
        std::fs::read_dir(folder.path().join("data/mail"))
            .unwrap()
            .count(),
        0
    );
}

/// Root may write everywhere but into what the kernel makes up.
const NOBODY_WRITES_HERE: &str = "/proc/dogwatch";

#[cfg(target_os = "linux")]
#[test]
fn a_check_names_every_reason_not_to_start() {
    let folder = TempDir::new().unwrap();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let zones = folder.path().join("zones");
    std::fs::create_dir_all(zones.join("Europe")).unwrap();
    std::fs::write(zones.join("Europe/London"), "no zone data").unwrap();
    let database = format!("sqlite:{NOBODY_WRITES_HERE}/dogwatch.db");
    let settings = [
        ("DOGWATCH_LISTEN", taken.as_str()),
        ("DOGWATCH_DATA_DIR", NOBODY_WRITES_HERE),
        ("DATABASE_URL", &database),
        ("DOGWATCH_TZDATA_DIR", zones.to_str().unwrap()),
    ];
    let said = checked(&folder, &settings, 1);
    drop(other);
    for (what, setting) in [
        ("address", "DOGWATCH_LISTEN"),
        ("data folder", "DOGWATCH_DATA_DIR"),
        ("zone data", "DOGWATCH_TZDATA_DIR"),
        ("database", "DATABASE_URL"),
        ("mail", "DOGWATCH_DATA_DIR"),
    ] {
        let line = line(&said, what);
        assert!(line.contains("FAILED") && line.contains(setting), "{line}");
    }
    let served = dogwatch(&folder)
        .arg("serve")
        .envs(settings)
        .assert()
        .code(1);
    assert!(text(&served.get_output().stderr).contains("DOGWATCH_TZDATA_DIR"));
}

#[test]
fn a_check_beside_a_running_server_says_so() {
    let database = Database::new();
    let program = Program::serve(&database, &[]);
    let address = program.url.strip_prefix("http://").unwrap();
    let check = program::dogwatch(&database, &[("DOGWATCH_LISTEN", address)])
        .arg("check")
        .output()
        .unwrap();
    let said = text(&check.stdout);
    assert!(check.status.success(), "{said}");
    assert!(said.contains("a running Dogwatch listens"), "{said}");
    assert!(!said.contains("without tables"), "{said}");
}

#[test]
fn a_check_warns_of_secrets_that_everybody_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "a-secret-of-a-good-length\n").unwrap();
    let settings = [("DOGWATCH_SECRET_FILE", file.to_str().unwrap())];
    for (mode, warns) in [(0o644, true), (0o640, false), (0o600, false)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let said = checked(&folder, &settings, 0);
        assert_eq!(said.contains("WARNING"), warns, "{mode:o}: {said}");
        assert!(!said.contains("a-secret-of"), "{said}");
    }
}

#[test]
fn a_terminal_that_is_closed_stops_it_in_good_order() {
    let database = Database::new();
    let program = Program::serve(&database, &[]);
    let log = program.stop_by("HUP");
    assert!(log.contains("stopped"), "{log}");
}

#[cfg(target_os = "linux")]
#[test]
fn nohup_keeps_it_from_being_stopped() {
    let database = Database::new();
    let program = Program::serve_under(&["nohup"], &database, &[]);
    program.signal("HUP");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let log = program.stop();
    assert_eq!(log.matches("\"stopping\"").count(), 1, "{log}");
}

#[test]
fn a_mail_server_that_does_not_answer_fails_the_check() {
    let folder = TempDir::new().unwrap();
    let failed = dogwatch(&folder)
        .arg("check")
        .env("DOGWATCH_SMTP_URL", "smtp://ada:hunter2@127.0.0.1:1")
        .assert()
        .code(1);
    let said = text(&failed.get_output().stdout);
    assert!(
        said.contains("DOGWATCH_SMTP_URL") && !said.contains("hunter2"),
        "{said}"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a check changes nothing"
    );
}

/// `/sys` takes no files, not even root's.
#[test]
fn serving_from_a_folder_that_takes_no_files_says_why_and_names_the_setting() {
    let folder = TempDir::new().unwrap();
    for (data, database, words) in [
        ("/sys", None, "DOGWATCH_DATA_DIR (/sys)"),
        ("/dev/null/x", None, "the folder /dev/null/x cannot be made"),
        ("data", Some("sqlite:/sys/x.db"), "DATABASE_URL"),
    ] {
        let mut command = dogwatch(&folder);
        command.arg("serve").env("DOGWATCH_DATA_DIR", data);
        command.envs(database.map(|url| ("DATABASE_URL", url)));
        let failed = command.assert().code(1);
        let error = text(&failed.get_output().stderr);
        assert!(error.contains(words), "{error}");
        assert!(!error.contains("No such file"), "{error}");
    }
}

#[test]
fn a_backup_to_no_folder_or_onto_one_says_so() {
    let folder = TempDir::new().unwrap();
    dogwatch(&folder).arg("migrate").assert().success();
    std::fs::create_dir(folder.path().join("copies")).unwrap();
    for (arguments, words) in [
        (&["missing/copy.db"][..], "missing: there is no such folder"),
        (&["copies"], "copies: it is a folder"),
        (&["copies", "--force"], "copies: it is a folder"),
    ] {
        let failed = dogwatch(&folder)
            .arg("backup")
            .args(arguments)
            .assert()
            .code(1);
        let error = text(&failed.get_output().stderr);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_check_says_nothing_but_what_it_found() {
    let folder = TempDir::new().unwrap();
    let checked = dogwatch(&folder).arg("check").assert().success();
    assert_eq!(text(&checked.get_output().stderr), "");
}

#[test]
fn a_token_has_a_name() {
    let folder = TempDir::new().unwrap();
    dogwatch(&folder).arg("migrate").assert().success();
    for name in ["", " "] {
        let failed = dogwatch(&folder)
            .args([
                "token",
                "create",
                "--email",
                "ada@example.org",
                "--administrator",
            ])
            .args(["--name", name])
            .assert()
            .code(2);
        let error = text(&failed.get_output().stderr);
        assert!(error.contains("--name"), "{error}");
    }
}
