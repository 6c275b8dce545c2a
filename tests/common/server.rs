//! `facetag serve` as a browser sees it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Child;

use ureq::Agent;
use ureq::http::{Method, Request, Response};

use super::{Library, Run};

/// The page of a library, served until the end of the test.
pub struct Server {
    child: Child,
    agent: Agent,
    /// `http://127.0.0.1:50123`
    pub origin: String,
    /// Path and query of the address for guests.
    pub guests: String,
    /// Path and query of the address printed.
    pub entry: String,
    /// As a browser sends it, once it is let in.
    pub cookie: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Server {
    /// Serves a library, and lets the test in by the address printed.
    pub fn start(library: &Library) -> Self {
        let mut server = Self::start_with(library, &[]);
        server.enter(&server.entry.clone());
        server
    }

    /// Serves it with these options; the test is not let in. The test's own folder may be used.
    pub fn start_with(library: &Library, options: &[&str]) -> Self {
        Self::start_plainly(library, &[options, &["--allow", super::text(library.folder())]].concat())
    }

    /// Serves it with these options and no others.
    pub fn start_plainly(library: &Library, options: &[&str]) -> Self {
        let mut child = library.command(["serve", "--port", "0"].iter().chain(options)).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let mut guests = String::new();
        if options.contains(&"--guest") {
            output.read_line(&mut guests).unwrap();
        }
        let Some(url) = line.trim().strip_prefix("Open http://") else {
            panic!("{line:?}, {:?}", Run::of(child.wait_with_output().unwrap()));
        };
        let guests = guests.trim().split_once("/enter").map_or(String::new(), |(_, rest)| format!("/enter{rest}"));
        let (host, entry) = url.split_at(url.find('/').unwrap());
        let config =
            Agent::config_builder().http_status_as_error(false).max_redirects(0).max_idle_connections(0).build();
        Self {
            child,
            agent: config.into(),
            origin: format!("http://{host}"),
            guests,
            entry: entry.to_owned(),
            cookie: String::new(),
        }
    }

    /// The same with these options.
    pub fn entered(library: &Library, options: &[&str]) -> Self {
        let mut server = Self::start_with(library, options);
        server.enter(&server.entry.clone());
        server
    }

    /// Logs in by an address.
    pub fn enter(&mut self, address: &str) {
        let cookie = self.bare(Method::GET, address, &[], "").is(200).header("set-cookie").to_owned();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// A request with nothing that is not said here.
    pub fn bare(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(self.agent.run(request.body(body.to_owned()).unwrap()).unwrap())
    }

    /// Opens a page.
    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.bare(Method::GET, path, &[&[("cookie", self.cookie.as_str())], headers].concat(), "")
    }

    /// Sends a form from the page at `from`, as a browser does.
    pub fn post_from(&self, from: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("origin", &self.origin),
            ("sec-fetch-site", "same-origin"),
            ("referer", &format!("{}{from}", self.origin)),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.bare(Method::POST, path, &headers, &body)
    }

    /// Sends a form from the people's page, and opens the page that it leads to.
    pub fn change(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let to = self.post_from("/people", path, form).leads_to();
        self.get(&to).is(200)
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as Ctrl-C does.
    pub fn stop(self) -> i32 {
        self.end_by("-INT")
    }

    /// Ends it by a signal, as `kill` names it. Returns its exit code, or -1.
    pub fn end_by(mut self, signal: &str) -> i32 {
        assert!(super::signal(self.child.id(), signal));
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    fn of(response: Response<ureq::Body>) -> Self {
        let (parts, mut body) = response.into_parts();
        Self { status: parts.status.as_u16(), headers: parts.headers, bytes: body.read_to_vec().unwrap() }
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).to_str().unwrap()
    }

    /// Where it sends the browser.
    #[track_caller]
    pub fn leads_to(self) -> String {
        self.is(303).header("location").to_owned()
    }

    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        let text = self.text();
        for word in words {
            assert!(text.contains(word), "no {word:?} in: {text}");
        }
        self
    }

    #[track_caller]
    pub fn says_not(self, words: &[&str]) -> Self {
        let text = self.text();
        for word in words {
            assert!(!text.contains(word), "{word:?} in: {text}");
        }
        self
    }

    /// The value of a hidden field.
    #[track_caller]
    pub fn hidden(&self, name: &str) -> String {
        let text = self.text();
        let mark = format!("name=\"{name}\" value=\"");
        let start = text.find(&mark).unwrap_or_else(|| panic!("no field {name} in: {text}")) + mark.len();
        text[start..].split('"').next().unwrap().to_owned()
    }
}

/// As forms send it.
fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The path of every page and picture of the library, as `/face/{id}/why`, out of the source: none is forgotten.
pub fn routes() -> Vec<String> {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/web")).unwrap().map(|file| file.unwrap().path());
    let sources = files.filter(|file| file.is_file()).map(|file| fs::read_to_string(file).unwrap());
    let path = |rest: &str| rest.split('"').next().unwrap().to_owned();
    let paths = sources.flat_map(|source| source.split(".route(\"").skip(1).map(path).collect::<Vec<_>>());
    let paths: Vec<String> =
        paths.filter(|path| !path.starts_with("/assets/") && !matches!(path.as_str(), "/enter" | "/leave")).collect();
    assert!(paths.len() > 40 && paths.contains(&"/face/{id}/scene.jpg".to_owned()), "{paths:?}");
    paths
}
