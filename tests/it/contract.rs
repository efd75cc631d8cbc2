//! The contract, walked by a program that knows only the interface: `tools/contract.py`.
//!
//! It runs where `DOGWATCH_TEST_PYTHON` names a Python; where that is named it has to be there.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    let dogwatch = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dogwatch"));
        command
            .env_clear()
            .env("DATABASE_URL", &database.url)
            .env("DOGWATCH_DATA_DIR", database.folder.path())
            .env("DOGWATCH_LISTEN", &address)
            .env("DOGWATCH_LOG", "error")
            .stderr(Stdio::inherit());
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
    let program = dogwatch().arg("serve").spawn().unwrap();
    let _program = Program(program);
    let began = Instant::now();
    while TcpStream::connect(&address).is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the server does not listen"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let walked = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/contract.py"))
        .args([&format!("http://{address}"), token])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&walked.stdout);
    let problems = String::from_utf8_lossy(&walked.stderr);
    assert!(walked.status.success(), "{said}\n{problems}");
}
