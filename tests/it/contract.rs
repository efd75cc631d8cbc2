//! The contract, walked by a program that knows only the interface: `tools/contract.py`.
//!
//! It runs where `DOGWATCH_TEST_PYTHON` names a Python; where that is named it has to be there.

use std::process::Command;

use crate::harness::Database;
use crate::harness::program::{Program, dogwatch};

#[test]
fn the_contract_holds() {
    let Some(python) = std::env::var_os("DOGWATCH_TEST_PYTHON") else {
        eprintln!("DOGWATCH_TEST_PYTHON is not set: the contract was not walked");
        return;
    };
    let database = Database::new();
    let made = dogwatch(&database, &[])
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
    let program = Program::serve(&database, &[]);
    let walked = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/contract.py"))
        .args([&program.url, token])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&walked.stdout);
    let problems = String::from_utf8_lossy(&walked.stderr);
    assert!(walked.status.success(), "{said}\n{problems}");
}
