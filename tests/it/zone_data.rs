//! Newer zone data than what is compiled in, from a folder.

use std::path::Path;

use assert_cmd::Command;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::Server;

/// A file of zone data (RFC 9636) for a zone that is five hours ahead of UTC, always.
fn five_hours_ahead() -> Vec<u8> {
    let block: Vec<u8> = [
        b"TZif2".as_slice(),
        &[0; 15],
        // No indicators, leap seconds or transitions; one type, whose name has four octets.
        &[0; 4 * 4],
        &1_u32.to_be_bytes(),
        &4_u32.to_be_bytes(),
        &18_000_i32.to_be_bytes(),
        &[0, 0],
        b"+05\0",
    ]
    .concat();
    [block.as_slice(), &block, b"\n<+05>-5\n"].concat()
}

fn folder_of_zone_data() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("Europe")).unwrap();
    std::fs::write(folder.path().join("Europe/London"), five_hours_ahead()).unwrap();
    std::fs::write(folder.path().join("+VERSION"), "2027a\n").unwrap();
    folder
}

fn who(server: &Server, at: &str, zone_data: Option<&Path>) -> String {
    let mut command = Command::cargo_bin("dogwatch").unwrap();
    command
        .env_clear()
        .env("DATABASE_URL", &server.database.url)
        .env("DOGWATCH_DATA_DIR", server.database.folder.path())
        .args(["who", "--at", at]);
    if let Some(folder) = zone_data {
        command.env("DOGWATCH_TZDATA_DIR", folder);
    }
    let done = command.assert().success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

#[test]
fn a_folder_of_newer_zone_data_moves_what_is_local() {
    let server = Server::start();
    let mut order = Vec::new();
    for name in ["Ada", "Bea"] {
        let body = json!({"name": name, "email": format!("{name}@example.com"), "time_zone": "Europe/London"});
        order.push(server.post("/people", &body).expect(201)["id"].clone());
    }
    server
        .post(
            "/teams",
            &json!({"slug": "moon", "name": "Moon", "time_zone": "Europe/London"}),
        )
        .expect(201);
    let weekly = json!({
        "name": "Moon hero", "title": "Hero", "kind": "ordered", "time_zone": "Europe/London", "order": order,
        "handoff": {"start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY"},
    });
    server.post("/teams/moon/rotations", &weekly).expect(201);

    // Ten o'clock is five hours earlier there.
    let newer = folder_of_zone_data();
    for (at, compiled_in, from_folder) in [
        ("2026-03-09T04:59:59Z", "Ada", "Ada"),
        ("2026-03-09T05:00:00Z", "Ada", "Bea"),
        ("2026-03-09T10:00:00Z", "Bea", "Bea"),
    ] {
        let said = who(&server, at, None);
        assert!(said.contains(compiled_in), "{at}: {said}");
        let said = who(&server, at, Some(newer.path()));
        assert!(said.contains(from_folder), "{at}: {said}");
    }
}

#[test]
fn a_folder_without_zone_data_is_refused_by_name() {
    let (empty, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let refused = Command::cargo_bin("dogwatch")
        .unwrap()
        .env_clear()
        .current_dir(folder.path())
        .env("DOGWATCH_TZDATA_DIR", empty.path())
        .arg("check")
        .assert()
        .code(2);
    let error = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(error.contains("DOGWATCH_TZDATA_DIR"), "{error}");
}
