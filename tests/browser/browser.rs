//! Debian's Chromium on the page of a library, driven through chromedriver as a hand would.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction, TouchActions,
};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{self, Runtime};

use crate::common::server::Server;
use crate::common::{Library, left_out};

/// How long a page may take to show what is waited for. Nothing takes so long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Set where there must be a browser, as in CI.
const NEEDED: &str = "FACETAG_NEEDS_BROWSER";

pub struct Browser {
    client: Client,
    runtime: Runtime,
    /// Chromedriver's address of this browser.
    session: String,
    pub server: Server,
    _driver: Driver,
    /// Chromium's own files, removed at the end.
    _profile: TempDir,
}

/// Chromedriver, ended with the test.
struct Driver(Child);

/// Opens the page of a library, has the test use it, and sees to it that no script failed and nothing outside was asked for.
/// Where there is no browser, it says that the test is left out.
pub fn browse(library: &Library, test: impl FnOnce(&Browser)) {
    browse_with(library, &[], test);
}

/// The same, served with these options.
pub fn browse_with(library: &Library, options: &[&str], test: impl FnOnce(&Browser)) {
    let (Some(chromium), Some(chromedriver)) = (program("chromium"), program("chromedriver")) else {
        assert!(std::env::var_os(NEEDED).is_none(), "{NEEDED} is set, but chromium and chromedriver are not there");
        return left_out("chromium and chromedriver");
    };
    let browser = Browser::start(Server::start_with(library, options), &chromium, &chromedriver);
    test(&browser);
    assert_eq!(browser.complaints(), [""; 0]);
}

fn program(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

impl Browser {
    fn start(server: Server, chromium: &Path, chromedriver: &Path) -> Self {
        let (driver, port) = Driver::start(chromedriver);
        let address = format!("http://127.0.0.1:{port}");

        let profile = tempfile::tempdir().unwrap();
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({
            "goog:chromeOptions": {"binary": chromium, "args": flags, "prefs": {"intl.accept_languages": "en"}},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "timeouts": {"script": PATIENCE.as_millis() as u64},
        });
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut client = ClientBuilder::new(HttpConnector::new());
        client.capabilities(serde_json::from_value(wanted).unwrap());
        let client = runtime.block_on(client.connect(&address)).unwrap();
        let id = runtime.block_on(client.session_id()).unwrap().unwrap();
        let browser = Self {
            client,
            runtime,
            session: format!("{address}/session/{id}"),
            server,
            _driver: driver,
            _profile: profile,
        };
        browser.look(1400, "light");
        browser.open(&browser.server.entry);
        browser
    }

    /// Opens a page by its path.
    pub fn open(&self, path: &str) {
        self.runtime.block_on(self.client.goto(&format!("{}{path}", self.server.origin))).unwrap();
    }

    /// Path and query of the page that is open.
    pub fn path(&self) -> String {
        let url = self.runtime.block_on(self.client.current_url()).unwrap();
        url.as_str().replacen(&self.server.origin, "", 1)
    }

    /// As the browser's own buttons do.
    pub fn back(&self) {
        self.runtime.block_on(self.client.back()).unwrap();
    }

    pub fn reload(&self) {
        self.runtime.block_on(self.client.refresh()).unwrap();
    }

    /// Two fingers on the middle of the screen, which go apart.
    pub fn pinch(&self) {
        let touch = |kind: &str, apart: Option<i32>| {
            let points = apart
                .map(|apart| json!([{"x": 195 - apart, "y": 300, "id": 0}, {"x": 195 + apart, "y": 300, "id": 1}]));
            self.tell("Input.dispatchTouchEvent", json!({"type": kind, "touchPoints": points.unwrap_or(json!([]))}));
        };
        touch("touchStart", Some(40));
        for apart in [60, 80, 120] {
            touch("touchMove", Some(apart));
        }
        touch("touchEnd", None);
    }

    /// Why Chromium would not install the page; nothing where it would.
    pub fn not_installable(&self) -> Value {
        let told = self.post("goog/cdp/execute", &json!({"cmd": "Page.getInstallabilityErrors", "params": {}}));
        told["installabilityErrors"].clone()
    }

    /// The first element that a CSS selector means, as soon as it is there.
    #[track_caller]
    pub fn find(&self, css: &str) -> Element {
        self.shows(css, "");
        // Seen once, it may have been put anew since by a script of the page.
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css));
        self.runtime.block_on(found).unwrap()
    }

    #[track_caller]
    pub fn click(&self, css: &str) {
        self.act(css, async |element| element.click().await);
    }

    /// Clicks what has this text, of what a CSS selector means.
    #[track_caller]
    pub fn click_text(&self, css: &str, text: &str) {
        self.shows(css, text);
        let mark = "for (const e of document.querySelectorAll(arguments[0])) e.toggleAttribute('data-meant', \
                    e.textContent.includes(arguments[1]) && e.checkVisibility())";
        self.run(mark, vec![json!(css), json!(text)]);
        self.click("[data-meant]");
    }

    /// Types into a field, in place of what is there.
    #[track_caller]
    pub fn write(&self, css: &str, text: &str) {
        let field = self.act(css, async |element| element.clear().await);
        self.runtime.block_on(field.send_keys(text)).unwrap();
    }

    /// Does this to an element, again where a script of the page took another in its place meanwhile.
    #[track_caller]
    fn act(&self, css: &str, action: impl AsyncFn(&Element) -> Result<(), CmdError>) -> Element {
        let since = Instant::now();
        loop {
            let element = self.find(css);
            match self.runtime.block_on(action(&element)) {
                Ok(()) => return element,
                Err(error) => assert!(since.elapsed() < PATIENCE, "{css}: {error}"),
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Chooses a value of a list.
    #[track_caller]
    pub fn choose(&self, css: &str, value: &str) {
        let list = self.find(css);
        self.runtime.block_on(list.select_by_value(value)).unwrap();
    }

    /// Presses a key, wherever the focus is.
    pub fn press(&self, key: char) {
        let keys = KeyActions::new("keys".to_owned());
        let keys = keys.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        self.runtime.block_on(self.client.perform_actions(keys)).unwrap();
    }

    /// Drags the mouse over an element; places are parts of its width and height.
    #[track_caller]
    pub fn drag(&self, css: &str, from: (f64, f64), to: (f64, f64)) {
        let mouse = MouseActions::new("mouse".to_owned());
        let mouse = self.dragging(css, from, to).into_iter().fold(mouse, MouseActions::then);
        self.runtime.block_on(self.client.perform_actions(mouse)).unwrap();
    }

    /// The same with a finger.
    #[track_caller]
    pub fn drag_by_touch(&self, css: &str, from: (f64, f64), to: (f64, f64)) {
        let finger = TouchActions::new("finger".to_owned());
        let finger = self.dragging(css, from, to).into_iter().fold(finger, TouchActions::then);
        self.runtime.block_on(self.client.perform_actions(finger)).unwrap();
    }

    #[track_caller]
    fn dragging(&self, css: &str, from: (f64, f64), to: (f64, f64)) -> [PointerAction; 5] {
        let element = self.find(css);
        let bounds = self.run(
            "arguments[0].scrollIntoView({block: 'center'}); \
             const box = arguments[0].getBoundingClientRect(); return [box.x, box.y, box.width, box.height]",
            vec![serde_json::to_value(&element).unwrap()],
        );
        let [x, y, width, height] = [0, 1, 2, 3].map(|index| bounds[index].as_f64().unwrap());
        let at = |(across, down): (f64, f64)| PointerAction::MoveTo {
            duration: Some(Duration::from_millis(50)),
            x: (x + across * width).round(),
            y: (y + down * height).round(),
        };
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        let button = MOUSE_BUTTON_LEFT;
        [at(from), PointerAction::Down { button }, at(middle), at(to), PointerAction::Up { button }]
    }

    /// Waits until an element that is seen has this text.
    #[track_caller]
    pub fn shows(&self, css: &str, text: &str) {
        let seen = "return [...document.querySelectorAll(arguments[0])].some( \
                    (e) => e.textContent.includes(arguments[1]) && e.checkVisibility())";
        self.wait(seen, &[css, text]);
    }

    /// Waits until no such element is seen.
    #[track_caller]
    pub fn lacks(&self, css: &str) {
        let gone = "return ![...document.querySelectorAll(arguments[0])].some((e) => e.checkVisibility())";
        self.wait(gone, &[css]);
    }

    /// Waits until a field has another value.
    #[track_caller]
    pub fn changes(&self, css: &str, value: &str) {
        self.wait("return document.querySelector(arguments[0])?.value !== arguments[1]", &[css, value]);
    }

    /// Waits until a script returns `true`.
    #[track_caller]
    pub fn until(&self, script: &str) {
        self.wait(script, &[]);
    }

    #[track_caller]
    fn wait(&self, script: &str, arguments: &[&str]) {
        let since = Instant::now();
        while self.run(script, arguments.iter().map(|argument| json!(argument)).collect()) != json!(true) {
            let text = || self.run("return document.body.innerText", vec![]);
            assert!(since.elapsed() < PATIENCE, "{arguments:?} did not come at {}: {}", self.path(), text());
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn count(&self, css: &str) -> usize {
        self.run("return document.querySelectorAll(arguments[0]).length", vec![json!(css)]).as_u64().unwrap() as usize
    }

    /// Runs a script in the page, even where the page's own may not.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.runtime.block_on(self.client.execute(script, arguments)).unwrap()
    }

    /// Runs a script that calls its last argument when it is done.
    #[track_caller]
    pub fn run_to_end(&self, script: &str) -> Value {
        self.runtime.block_on(self.client.execute_async(script, vec![])).unwrap()
    }

    /// As a window so wide shows it to somebody who likes their screen `light` or `dark`.
    pub fn look(&self, width: u32, scheme: &str) {
        self.size(width, 900);
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        self.tell("Emulation.setEmulatedMedia", json!({"features": [scheme]}));
    }

    fn size(&self, width: u32, height: u64) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tell("Emulation.setDeviceMetricsOverride", size);
    }

    /// To somebody whose browser asks for this language.
    pub fn speak(&self, language: &str) {
        self.tell("Network.setExtraHTTPHeaders", json!({"headers": {"Accept-Language": language}}));
    }

    /// As a phone shows it, which is touched.
    pub fn phone(&self) {
        let size = json!({"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true});
        self.tell("Emulation.setDeviceMetricsOverride", size);
        self.tell("Emulation.setTouchEmulationEnabled", json!({"enabled": true}));
    }

    /// As a browser shows it that runs no script.
    pub fn without_script(&self) {
        self.tell("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    }

    /// Keeps a picture of the whole page in `target/screenshots`.
    pub fn screenshot(&self, name: &str, width: u32) {
        // What fills the screen is as high as that.
        let height = "return document.querySelector('dialog[open]') ? 900 : document.documentElement.scrollHeight";
        let height = self.run(height, vec![]).as_u64().unwrap();
        self.size(width, height.clamp(900, 4000));
        self.lacks("img:not([src])");
        self.run_to_end(
            "const told = arguments[arguments.length - 1]; \
             const seen = [...document.querySelectorAll('img, image')].filter((image) => image.checkVisibility()); \
             const near = seen.filter((image) => image.getBoundingClientRect().top < innerHeight); \
             Promise.allSettled(near.map((image) => image.decode())).then(() => told())",
        );
        let picture = self.runtime.block_on(self.client.screenshot()).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
        self.size(width, 900);
    }

    /// A command of Chrome's own protocol.
    fn tell(&self, command: &str, parameters: Value) {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": parameters}));
    }

    /// What chromedriver says to a command that fantoccini has not.
    fn post(&self, path: &str, body: &Value) -> Value {
        let mut answer = ureq::post(format!("{}/{path}", self.session)).send(body.to_string()).unwrap();
        let answer = answer.body_mut().with_config().limit(1 << 30).read_to_string().unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()["value"].take()
    }

    /// Errors and warnings of scripts and of the Content-Security-Policy, and addresses asked that are not the page's.
    /// Of what was not told before.
    pub fn complaints(&self) -> Vec<String> {
        let log = |kind: &str| self.post("se/log", &json!({"type": kind})).as_array().unwrap().clone();
        let console = log("browser").into_iter().filter(|line| line["level"] != "INFO" && line["level"] != "DEBUG");
        let asked = log("performance").into_iter().filter_map(|line| {
            let event: Value = serde_json::from_str(line["message"].as_str().unwrap()).unwrap();
            let (event, parameters) = (&event["message"]["method"], &event["message"]["params"]);
            let url = match event.as_str()? {
                "Network.requestWillBeSent" => &parameters["request"]["url"],
                "Network.webSocketCreated" => &parameters["url"],
                _ => return None,
            };
            url.as_str().map(str::to_owned)
        });
        // Chromium begins with a page of its own.
        let ours = [self.server.origin.as_str(), "data:", "blob:", "chrome:"];
        let outside = asked.filter(|url| !ours.iter().any(|start| url.starts_with(start)));
        console.map(|line| line["message"].to_string()).chain(outside.map(|url| format!("asked {url}"))).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends with its session; after a failure it may have ended already.
        let _ = ureq::delete(&self.session).call();
    }
}

impl Driver {
    /// Starts it; also tells the port that it listens at.
    ///
    /// It takes a free port of IPv6 and then the same of IPv4. Another program may have that one; then it ends, and is started again.
    fn start(chromedriver: &Path) -> (Self, String) {
        let mut told = String::new();
        for _ in 0..10 {
            let mut command = Command::new(chromedriver);
            let child = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
            let mut driver = Self(child.unwrap());
            let lines = BufReader::new(driver.0.stdout.take().unwrap()).lines();
            for line in lines.map(Result::unwrap) {
                if let Some((_, port)) = line.split_once("successfully on port ") {
                    return (driver, port.trim_end_matches('.').to_owned());
                }
                told += &line;
                told.push('\n');
            }
        }
        panic!("chromedriver did not start:\n{told}");
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
