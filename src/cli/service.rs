//! `facetag service`: watching in the background, from login on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use etcetera::BaseStrategy;
use serde::Serialize;

use super::Exit;
use super::args::ServiceAction;
use super::output::{json, note, plain, remark};
use crate::catalog::Library;

const UNIT: &str = "facetag-watch.service";
const LABEL: &str = "org.facetag.watch";

/// Whether it is there, for other programs.
#[derive(Serialize)]
struct State {
    file: String,
    installed: bool,
    running: bool,
}

pub(super) fn run(library: &Library, action: ServiceAction, as_json: bool) -> Result<Exit> {
    let manager = Manager::of_system()?;
    let exit = match action {
        ServiceAction::Install => manager.install(library, as_json),
        ServiceAction::Remove => manager.remove(as_json),
        ServiceAction::Status => manager.status(as_json),
    }?;
    if as_json {
        let (file, installed) = (plain(manager.file()), manager.file().exists());
        json(&State { file, installed, running: installed && manager.is_running() })?;
    }
    Ok(exit)
}

/// What starts programs at login.
enum Manager {
    /// With the path of the unit.
    Systemd(PathBuf),
    /// With the path of the property list.
    Launchd(PathBuf),
}

impl Manager {
    fn of_system() -> Result<Self> {
        let folders = etcetera::choose_base_strategy().context("there is no home folder")?;
        if cfg!(target_os = "macos") {
            return Ok(Self::Launchd(folders.home_dir().join("Library/LaunchAgents").join(format!("{LABEL}.plist"))));
        }
        if cfg!(target_os = "linux") {
            return Ok(Self::Systemd(folders.config_dir().join("systemd/user").join(UNIT)));
        }
        bail!("on this system, add `facetag watch` to the programs that are started at login")
    }

    fn file(&self) -> &Path {
        match self {
            Self::Systemd(file) | Self::Launchd(file) => file,
        }
    }

    fn install(&self, library: &Library, as_json: bool) -> Result<Exit> {
        let facetag = std::env::current_exe()?;
        let words = [facetag.as_path(), Path::new("--library"), &library.given()].map(|word| {
            word.to_str().map(str::to_owned).with_context(|| format!("{}: not a name in UTF-8", plain(word)))
        });
        let words = words.into_iter().chain([Ok("watch".to_owned())]).collect::<Result<Vec<String>>>()?;
        let file = self.file();
        let text = match self {
            Self::Systemd(_) => unit(&words),
            Self::Launchd(_) => property_list(&words),
        };
        let at = |problem: std::io::Error| format!("{}: {problem}", plain(file));
        fs::create_dir_all(file.parent().unwrap_or(file)).map_err(at).map_err(anyhow::Error::msg)?;
        let half = file.with_extension("part");
        fs::write(&half, text).and_then(|()| fs::rename(&half, file)).map_err(at).map_err(anyhow::Error::msg)?;
        let text = file.to_string_lossy();
        // One that runs already, of an older facetag or for another library, starts anew.
        let steps: &[&[&str]] = match self {
            Self::Systemd(_) => &[
                &["systemctl", "--user", "daemon-reload"],
                &["systemctl", "--user", "enable", UNIT],
                &["systemctl", "--user", "restart", UNIT],
            ],
            Self::Launchd(_) => {
                // It fails where none is loaded.
                let _ = call(&["launchctl", "unload", &text]);
                &[&["launchctl", "load", "-w", &text]]
            }
        };
        remark(&format!("{} is written.", plain(file)), as_json)?;
        for (index, step) in steps.iter().enumerate() {
            if let Err(problem) = call(step) {
                let left = steps[index..].iter().map(|step| step.join(" ")).collect::<Vec<_>>().join(" && ");
                note(&format!("warning: {problem}. It was not started; run `{left}` yourself"));
                return Ok(Exit::Partly);
            }
        }
        remark(
            "facetag watches your folders from now on, and after each login. `facetag service remove` ends that.",
            as_json,
        )?;
        Ok(Exit::Well)
    }

    fn remove(&self, as_json: bool) -> Result<Exit> {
        let file = self.file();
        if !file.exists() {
            remark("There is no service.", as_json)?;
            return Ok(Exit::Well);
        }
        let text = file.to_string_lossy();
        let stop: &[&str] = match self {
            Self::Systemd(_) => &["systemctl", "--user", "disable", "--now", UNIT],
            Self::Launchd(_) => &["launchctl", "unload", "-w", &text],
        };
        let stopped = call(stop);
        fs::remove_file(file).with_context(|| plain(file))?;
        if let Self::Systemd(_) = self {
            // Without it, systemd would know of the unit until the next login; no more than that.
            let _ = call(&["systemctl", "--user", "daemon-reload"]);
        }
        remark("The service is removed. The library and the photos are as they were.", as_json)?;
        if let Err(problem) = stopped {
            note(&format!("warning: {problem}. It may still run until you log out"));
            return Ok(Exit::Partly);
        }
        Ok(Exit::Well)
    }

    fn status(&self, as_json: bool) -> Result<Exit> {
        let file = self.file();
        if !file.exists() {
            remark(
                "Not installed: `facetag service install` has facetag watch your folders in the background.",
                as_json,
            )?;
            return Ok(Exit::Partly);
        }
        let is_running = self.is_running();
        remark(
            &format!("Installed ({}), {}.", plain(file), if is_running { "running" } else { "not running" }),
            as_json,
        )?;
        Ok(if is_running { Exit::Well } else { Exit::Partly })
    }

    fn is_running(&self) -> bool {
        let asked = match self {
            Self::Systemd(_) => call(&["systemctl", "--user", "is-active", "--quiet", UNIT]),
            Self::Launchd(_) => call(&["launchctl", "list", LABEL]),
        };
        asked.is_ok()
    }
}

/// Runs a program of the system; its output is shown only where it fails.
fn call(words: &[&str]) -> Result<()> {
    let command = words.join(" ");
    let output = Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("`{command}` could not be run"))?;
    if output.status.success() {
        return Ok(());
    }
    let problem = String::from_utf8_lossy(&output.stderr);
    match problem.trim() {
        "" => bail!("`{command}` failed ({})", output.status),
        problem => bail!("`{command}` failed: {problem}"),
    }
}

/// A unit of systemd, see systemd.service(5).
fn unit(words: &[String]) -> String {
    // Variables stand in arguments, and not in the path of the program.
    let command = words.iter().enumerate().map(|(index, word)| quoted(word, if index == 0 { "%" } else { "%$" }));
    let command: Vec<String> = command.collect();
    format!(
        "[Unit]\nDescription=facetag: new photos in your folders\n\n[Service]\nExecStart={}\nRestart=on-failure\n\
         RestartSec=60\nNice=10\nIOSchedulingClass=idle\n\n[Install]\nWantedBy=default.target\n",
        command.join(" ")
    )
}

/// A word of a command as systemd reads it back; `doubled` are the letters that stand for something else there, alone.
fn quoted(word: &str, doubled: &str) -> String {
    let mut quoted = String::from('"');
    for letter in word.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if doubled.contains(letter) => quoted.extend([letter, letter]),
            '\n' => quoted.push_str("\\n"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A property list of launchd, see launchd.plist(5).
fn property_list(words: &[String]) -> String {
    let escape = |word: &str| word.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let words: String = words.iter().map(|word| format!("    <string>{}</string>\n", escape(word))).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n  <key>Label</key>\n  <string>{LABEL}</string>\n  <key>ProgramArguments</key>\n  \
         <array>\n{words}  </array>\n  <key>RunAtLoad</key>\n  <true/>\n  <key>KeepAlive</key>\n  <dict>\n    \
         <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n  <key>ProcessType</key>\n  <string>Background</string>\n\
         </dict>\n</plist>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_survives_the_units() {
        let words = ["/opt/a \"b\"/50%$HOME\\facetag".to_owned(), "R&D 5% $5".to_owned()];
        assert!(unit(&words).contains(r#"ExecStart="/opt/a \"b\"/50%%$HOME\\facetag" "R&D 5%% $$5""#));
        assert!(property_list(&words).contains("<string>R&amp;D 5% $5</string>"));
    }
}
