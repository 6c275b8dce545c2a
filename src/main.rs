//! Parses the command line, runs the command, and turns what comes of it into an exit code.

use std::process::ExitCode;

use clap::Parser;
use facetag::cli::{Args, Exit, is_broken_pipe, note, run};

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(exit) => exit.into(),
        // `facetag find Anna | head` has got all it wants.
        Err(error) if is_broken_pipe(&error) => Exit::Well.into(),
        Err(error) => {
            // Some causes stand in the words of what they caused.
            let said = error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
                "" => cause,
                _ if said.contains(&cause) => said,
                _ => format!("{said}: {cause}"),
            });
            note(&format!("facetag: {said}"));
            Exit::Failed.into()
        }
    }
}
