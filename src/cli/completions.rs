//! `facetag completions` and `facetag man`

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use super::{Args, Exit};

/// Prints the completions of a shell.
pub(super) fn completions(shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "facetag", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Well)
}

/// Writes a man page for facetag and one for each of its commands into a folder.
pub(super) fn man(folder: &Path) -> Result<Exit> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    clap_mangen::generate_to(Args::command(), folder).with_context(|| folder.display().to_string())?;
    Ok(Exit::Well)
}
