//! A PostgreSQL cluster of a test's own, which it may stop and start.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use diesel::prelude::*;
use dogwatch::storage::postgres::Postgres;
use tempfile::TempDir;

use super::database::POSTGRES;

/// Where distributions keep the server programs, off the PATH.
const FOLDERS: [&str; 5] = [
    "/usr/lib/postgresql",
    "/usr",
    "/opt/homebrew/opt",
    "/usr/local/opt",
    "/usr/local",
];

/// How a cluster is stopped.
#[derive(Debug, Clone, Copy)]
pub enum Stop {
    /// Connections are ended in good order.
    Fast,
    /// As if the power failed.
    Immediate,
}

/// A cluster, which ends with the test.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    /// User and group that run it, where the test is run by root, whom PostgreSQL refuses.
    user: Option<(u32, u32)>,
    port: u16,
}

impl Cluster {
    /// A running one; `None` where this run is not about PostgreSQL.
    pub fn start() -> Option<Self> {
        std::env::var_os(POSTGRES)?;
        let folder = TempDir::new().unwrap();
        let user = ordinary_user();
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let cluster = Self {
            folder,
            programs: programs().expect("PostgreSQL's server programs"),
            user,
            port: free.local_addr().unwrap().port(),
        };
        drop(free);
        let made = "-U dogwatch --auth=trust --encoding=UTF8 --no-sync".split(' ');
        cluster.run("initdb", made);
        cluster.restart();
        Some(cluster)
    }

    /// Starts it again.
    pub fn restart(&self) {
        let folder = self.folder.path().display();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{folder}' -c max_connections=100",
            self.port
        );
        let log = self.folder.path().join("log");
        let log = log.to_str().unwrap();
        self.run("pg_ctl", ["-w", "-l", log, "-o", &options, "start"]);
    }

    /// Has it take TLS connections with this certificate and key (PEM), from the next start on.
    pub fn secure(&self, certificate: &str, key: &str) {
        let data = self.folder.path().join("data");
        for (name, content) in [("server.crt", certificate), ("server.key", key)] {
            let file = data.join(name);
            std::fs::write(&file, content).unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = self.user {
                std::os::unix::fs::chown(&file, Some(user), Some(group)).unwrap();
            }
        }
        let mut settings = std::fs::OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))
            .unwrap();
        writeln!(settings, "ssl = on").unwrap();
    }

    /// Stops it.
    pub fn stop(&self, how: Stop) {
        let how = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        self.run("pg_ctl", ["-w", "-m", how, "stop"]);
    }

    /// Its own database.
    pub fn url(&self) -> String {
        format!("postgres://dogwatch@127.0.0.1:{}/postgres", self.port)
    }

    /// Whether a client has told it to listen.
    pub fn is_listened_to(&self) -> bool {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let look = "SELECT count(*) AS count FROM pg_stat_activity WHERE application_name = 'dogwatch' AND query LIKE 'LISTEN %'";
        let mut connection = Postgres::establish(&self.url()).unwrap();
        let found: Count = diesel::sql_query(look).get_result(&mut connection).unwrap();
        found.count > 0
    }

    fn run(&self, program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        let done = self.command(program, arguments).status().unwrap();
        assert!(done.success(), "{program} failed");
    }

    fn command(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(arguments)
            .current_dir("/")
            .stdout(std::process::Stdio::null());
        if let Some((user, group)) = self.user {
            command.gid(group).uid(user);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may be stopped already.
        let _ = self
            .command("pg_ctl", ["-m", "immediate", "-w", "stop"])
            .stderr(std::process::Stdio::null())
            .status();
    }
}

/// User and group for programs that refuse to be run by root; `None` where the tests are not.
fn ordinary_user() -> Option<(u32, u32)> {
    (id("-u", None) == 0).then(|| {
        let name = ["postgres", "nobody"].into_iter().find(|name| {
            let known = Command::new("id").arg(name).output().unwrap();
            known.status.success()
        });
        (id("-u", name), id("-g", name))
    })
}

/// Has a command run by somebody who is not root, who then owns these files.
pub fn as_ordinary_user(command: &mut Command, files: &[&Path]) {
    if let Some((user, group)) = ordinary_user() {
        for file in files {
            std::os::unix::fs::chown(file, Some(user), Some(group)).unwrap();
        }
        command.gid(group).uid(user).current_dir("/");
    }
}

/// A number that `id` knows.
fn id(what: &str, name: Option<&str>) -> u32 {
    let said = Command::new("id").arg(what).args(name).output().unwrap();
    String::from_utf8(said.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

/// The folder of the server programs.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let below = FOLDERS.iter().flat_map(|folder| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path().join("bin"))
    });
    let links = on_path.into_iter().chain(below);
    links
        .map(|folder| folder.join("initdb"))
        .find(|program| program.is_file())
        .and_then(|program| Some(program.canonicalize().ok()?.parent()?.to_owned()))
        .filter(|folder: &PathBuf| Path::is_dir(folder))
}
