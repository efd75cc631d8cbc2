//! The contract, walked by a program that knows only the interface: `tools/contract.py`.
//!
//! It runs where `DOGWATCH_TEST_PYTHON` names a Python; where that is named it has to be there.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::harness::Database;

/// A server that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_contract_holds() {
    let Some(python) = std::env::var_os("DOGWATCH_TEST_PYTHON") else {
        eprintln!("DOGWATCH_TEST_PYTHON is not set: the contract was not walked");
        return;
    };
    let database = Database::new();
    let dogwatch = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dogwatch"));
        command
            .env_clear()
            .env("DATABASE_URL", &database.url)
            .env("DOGWATCH_DATA_DIR", database.folder.path())
            .env("DOGWATCH_LISTEN", "127.0.0.1:0")
            .env("DOGWATCH_LOG", "dogwatch::cli=info")
            .env("DOGWATCH_LOG_FORMAT", "json")
            .stderr(Stdio::piped());
        command
    };
    let made = dogwatch()
        .args([
            "token",
            "create",
            "--email",
            "root@example.com",
            "--administrator",
            "Root",
            "--scope",
            "write",
        ])
        .output()
        .unwrap();
    let made = String::from_utf8(made.stdout).unwrap();
    let token = made
        .split_whitespace()
        .find(|word| word.starts_with("dw_"))
        .expect("a token");
    let mut program = dogwatch().arg("serve").spawn().unwrap();
    let log = BufReader::new(program.stderr.take().unwrap());
    let _program = Program(program);
    let mut lines = log.lines();
    let serving = lines
        .by_ref()
        .map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap())
        .find(|event| event["message"] == "serving")
        .expect("it serves");
    let address = serving["address"].as_str().unwrap().to_owned();
    // Whatever else it says must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    let walked = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/contract.py"))
        .args([&format!("http://{address}"), token])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&walked.stdout);
    let problems = String::from_utf8_lossy(&walked.stderr);
    assert!(walked.status.success(), "{said}\n{problems}");
}
