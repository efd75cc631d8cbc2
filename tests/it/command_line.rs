//! The commands, as a shell sees them.

use assert_cmd::Command;
use tempfile::TempDir;

/// The program, without the settings of whoever runs the tests, in an empty folder.
fn dogwatch(folder: &TempDir) -> Command {
    let mut command = Command::cargo_bin("dogwatch").unwrap();
    command.env_clear().current_dir(folder.path());
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
    let bad = ["token", "create", "--email", "nobody"];
    dogwatch(&folder).args(bad).assert().code(1);

    dogwatch(&folder)
        .arg("who")
        .assert()
        .success()
        .stdout("There are no rotations.\n");
    for bad in [
        ["--team", "nobody"],
        ["--at", "yesterday"],
        ["--at", "9999-01-01T00:00:00Z"],
    ] {
        let failed = dogwatch(&folder).arg("who").args(bad).assert().code(1);
        assert!(text(&failed.get_output().stderr).contains(bad[0]));
    }
    let checked = dogwatch(&folder).arg("check").assert().success();
    assert!(text(&checked.get_output().stdout).contains("mails are written as files"));
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
