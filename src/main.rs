//! The program: see `dogwatch --help`.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    dogwatch::cli::run(dogwatch::cli::Arguments::parse())
}
