//! A real browser: headless Chromium, driven through chromedriver (<https://www.w3.org/TR/webdriver2/>).
//!
//! Nothing here sleeps for a time that is hoped to be enough: what a page is to show is waited for.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::browser::Browser;
use super::{Database, Server};

/// Chromedriver; without it no browser is tested.
const DRIVER: &str = "DOGWATCH_TEST_CHROMEDRIVER";

/// The file `axe.min.js`.
const AXE: &str = "DOGWATCH_TEST_AXE";

/// How long is waited for what a page is to show.
const PATIENCE: Duration = Duration::from_secs(20);

/// How `WebDriver` calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What Chromium is started with: no window, nothing asked of the internet.
const ARGUMENTS: [&str; 10] = [
    "--headless=new",
    "--lang=en-GB",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
];

/// Finds what a person would find by its words, exactly, or by how they begin.
const FIND: &str = "
    const find = (words, selector) => {
        const said = (e) => (e.getAttribute('aria-label') ?? e.textContent).replace(/\\s+/g, ' ').trim();
        const seen = (e) => e.getClientRects().length > 0 && !e.closest('[aria-hidden=true]');
        const all = [...document.querySelectorAll(selector)].filter(seen);
        const found = all.find((e) => said(e) === words) ?? all.find((e) => said(e).startsWith(words));
        return found?.tagName === 'LABEL' ? found.control : found;
    };";

/// Ticks, chooses or writes into a field; says whether there is such a field.
const FILL: &str = "
    const [label, text] = arguments;
    const field = find(label, 'label, input, select, textarea');
    if (!field) return false;
    if (field.type === 'checkbox' || field.type === 'radio') { field.click(); return true; }
    if (field.tagName === 'SELECT') {
        const options = [...field.options].map((one) => one.text.trim());
        const exact = options.indexOf(text);
        field.selectedIndex = exact >= 0 ? exact : options.findIndex((one) => one.startsWith(text));
    } else field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.dispatchEvent(new Event('change', { bubbles: true }));
    return true;";

/// Rules of WCAG 2.2 AA and of good practice; what is wrong, a line each.
const CHECK: &str = "
    const done = arguments[0];
    axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        resultTypes: ['violations'],
    }).then(
        (found) => done(found.violations.flatMap((one) =>
            one.nodes.map((node) => `${one.id}: ${node.html} (${node.failureSummary})`))),
        (error) => done([String(error)]),
    );";

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Its width, in CSS pixels.
    pub width: u32,
    /// Whether colours are dark.
    pub dark: bool,
}

impl Look {
    /// As on a desk.
    pub const WIDE: Self = Self {
        width: 1280,
        dark: false,
    };
    /// The same at night.
    pub const DARK: Self = Self {
        width: 1280,
        dark: true,
    };
    /// The smallest screen.
    pub const NARROW: Self = Self {
        width: 320,
        dark: false,
    };
}

/// A browser with a profile of its own, which ends with the test.
pub struct Chromium {
    client: Client,
    /// What the addresses of its commands begin with.
    session: String,
    /// What the addresses of pages begin with.
    server: String,
    driver: Child,
    _profile: TempDir,
}

impl Chromium {
    /// One that looks at this server; `None` where this run goes without.
    pub fn start(server: &Server) -> Option<Self> {
        let Ok(program) = std::env::var(DRIVER) else {
            eprintln!("{DRIVER} is not set: nothing was tested in a browser");
            return None;
        };
        let mut driver = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let port = port(&mut driver);
        let client = Client::builder().timeout(3 * PATIENCE).build().unwrap();
        let profile = TempDir::new().unwrap();
        let own_folder = format!("--user-data-dir={}", profile.path().display());
        let mut arguments: Vec<&str> = ARGUMENTS.to_vec();
        arguments.push(&own_folder);
        // Chromium's sandbox does not work for root.
        if profile_owner_is_root() {
            arguments.push("--no-sandbox");
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let answer: Value = client
            .post(format!("http://127.0.0.1:{port}/session"))
            .json(&wanted)
            .send()
            .and_then(reqwest::blocking::Response::json)
            .expect("chromedriver answers");
        let id = answer["value"]["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("Chromium starts: {answer}"));
        let chromium = Self {
            session: format!("http://127.0.0.1:{port}/session/{id}"),
            client,
            server: server.url.clone(),
            driver,
            _profile: profile,
        };
        chromium.look(Look::WIDE);
        Some(chromium)
    }

    /// One in which the person of this address is signed in.
    pub fn signed_in(server: &Server, email: &str) -> Option<Self> {
        let chromium = Self::start(server)?;
        chromium.enter(server, email);
        Some(chromium)
    }

    /// Signs the person of this address in, whoever was before.
    pub fn enter(&self, server: &Server, email: &str) {
        self.open("/sign-in");
        self.leave();
        for (name, value) in Browser::signed_in(server, email).cookies {
            self.post(
                "/cookie",
                &json!({ "cookie": { "name": name, "value": value } }),
            );
        }
    }

    /// Forgets all cookies.
    pub fn leave(&self) {
        self.request(reqwest::Method::DELETE, "/cookie", None);
    }

    /// Goes to a page.
    #[track_caller]
    pub fn open(&self, path: &str) {
        let url = format!("{}{path}", self.server);
        self.post("/url", &json!({ "url": url }));
    }

    /// The path and query of the page.
    pub fn path(&self) -> String {
        let url = self.request(reqwest::Method::GET, "/url", None);
        url.as_str()
            .unwrap()
            .trim_start_matches(&self.server)
            .to_owned()
    }

    /// What a script returns.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &Value) -> Value {
        self.post(
            "/execute/sync",
            &json!({ "script": script, "args": arguments }),
        )
    }

    /// Waits until a script returns something that is true, and returns it.
    #[track_caller]
    pub fn wait(&self, what: &str, script: &str, arguments: &Value) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.try_run(script, arguments).unwrap_or_default();
            if !matches!(found, Value::Null | Value::Bool(false)) {
                return found;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "waited for {what} at {} in vain:\n{}",
                self.path(),
                self.run("return document.body.innerText", &json!([]))
                    .as_str()
                    .unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the page says this somewhere that can be seen.
    #[track_caller]
    pub fn see(&self, words: &str) {
        let script = "return document.body.innerText.replace(/\\s+/g, ' ').includes(arguments[0])";
        self.wait(&format!("{words:?}"), script, &json!([words]));
    }

    /// Waits until the page does not say this (any more).
    #[track_caller]
    pub fn see_no(&self, words: &str) {
        let script = "return !document.body.innerText.replace(/\\s+/g, ' ').includes(arguments[0])";
        self.wait(&format!("no {words:?}"), script, &json!([words]));
    }

    /// Clicks the button or link that says this.
    #[track_caller]
    pub fn press(&self, words: &str) {
        let script = format!("{FIND} return find(arguments[0], 'button, a, summary') ?? null");
        loop {
            let found = self.wait(&format!("a button {words:?}"), &script, &json!([words]));
            let click = format!("/element/{}/click", found[ELEMENT].as_str().unwrap());
            let (good, answer) = self.ask(reqwest::Method::POST, &click, Some(&json!({})));
            // Where the page has just put another in its place, that one is meant.
            if good {
                return;
            }
            assert_eq!(
                answer["error"], "stale element reference",
                "{words:?}: {answer}"
            );
        }
    }

    /// Writes into the field of this label what is to stand there; ticks or chooses where that is what it is for.
    #[track_caller]
    pub fn fill(&self, label: &str, text: &str) {
        let what = format!("a field {label:?}");
        self.wait(&what, &format!("{FIND} {FILL}"), &json!([label, text]));
    }

    /// Presses a key where the focus is, as a person does who has no mouse.
    #[track_caller]
    pub fn key(&self, key: char) {
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": [
            { "type": "keyDown", "value": key },
            { "type": "keyUp", "value": key },
        ]}]});
        self.post("/actions", &actions);
    }

    /// Drags with the mouse, from the middle of one element to the middle of another.
    #[track_caller]
    pub fn drag(&self, from: &str, to: &str) {
        let script = "
            const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];";
        let middle = |selector: &str| {
            let at = self.run(script, &json!([selector]));
            (at[0].clone(), at[1].clone())
        };
        let ((x, y), (to_x, to_y)) = (middle(from), middle(to));
        let actions = json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": [
            { "type": "pointerMove", "x": x, "y": y, "duration": 0 },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerMove", "x": to_x, "y": to_y, "duration": 60 },
            { "type": "pointerUp", "button": 0 },
        ]}]});
        self.post("/actions", &actions);
    }

    /// Looks at pages so from now on.
    pub fn look(&self, look: Look) {
        let size =
            json!({ "width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.tool("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if look.dark { "dark" } else { "light" };
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]});
        self.tool("Emulation.setEmulatedMedia", &media);
    }

    /// Keeps a picture of the whole page below `target/screenshots/`, where people look at it.
    pub fn picture(&self, name: &str) {
        let size = "return { x: 0, y: 0, scale: 1, width: innerWidth, height: Math.max(innerHeight, document.documentElement.scrollHeight) }";
        let clip = self.run(size, &json!([]));
        let whole = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let answer = self.tool("Page.captureScreenshot", &whole);
        let bytes = STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        let database = if Database::is_sqlite() {
            "sqlite"
        } else {
            "postgresql"
        };
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("target/screenshots")
            .join(database);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// What axe finds wrong with the page.
    pub fn axe(&self) -> Vec<String> {
        let file = std::env::var(AXE).unwrap_or_else(|_| panic!("{AXE} names axe.min.js"));
        let source = std::fs::read_to_string(file).expect("axe.min.js is there");
        self.run(&source, &json!([]));
        let found = self.post("/execute/async", &json!({ "script": CHECK, "args": [] }));
        serde_json::from_value(found).unwrap()
    }

    /// What the browser itself complained of since it was asked last: scripts that failed, what the policy refused.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        let all = log.as_array().unwrap().iter();
        all.map(|line| line["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// How far what was drawn already has moved while the page came: its cumulative layout shift, which is 0 at best.
    pub fn shift(&self) -> f64 {
        let script = "return new Promise((done) => {
            let sum = 0;
            new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value)))
                .observe({ type: 'layout-shift', buffered: true });
            setTimeout(() => done(sum), 100);
        });";
        self.run(script, &json!([])).as_f64().unwrap()
    }

    /// By how many pixels the page is wider than the screen.
    pub fn overflow(&self) -> i64 {
        let script = "return document.scrollingElement.scrollWidth - window.innerWidth";
        self.run(script, &json!([])).as_i64().unwrap().max(0)
    }

    /// Chromium's own tools (<https://chromedevtools.github.io/devtools-protocol/>).
    fn tool(&self, command: &str, parameters: &Value) -> Value {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    #[track_caller]
    fn post(&self, command: &str, body: &Value) -> Value {
        self.request(reqwest::Method::POST, command, Some(body))
    }

    /// The same, where the page may be just going away.
    fn try_run(&self, script: &str, arguments: &Value) -> Option<Value> {
        let body = json!({ "script": script, "args": arguments });
        let (good, value) = self.ask(reqwest::Method::POST, "/execute/sync", Some(&body));
        good.then_some(value)
    }

    #[track_caller]
    fn request(&self, method: reqwest::Method, command: &str, body: Option<&Value>) -> Value {
        let (good, value) = self.ask(method, command, body);
        assert!(good, "{command}: {}", value["message"]);
        value
    }

    fn ask(&self, method: reqwest::Method, command: &str, body: Option<&Value>) -> (bool, Value) {
        let mut request = self
            .client
            .request(method, format!("{}{command}", self.session));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().expect("chromedriver answers");
        let good = response.status().is_success();
        let mut answer: Value = response.json().expect("chromedriver answers in JSON");
        (good, answer["value"].take())
    }
}

/// The port that chromedriver says it listens at; the rest of what it says is read away.
fn port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let said = lines
        .find_map(|line| {
            line.split_once("successfully on port ")
                .map(|(_, port)| port.to_owned())
        })
        .expect("chromedriver says its port");
    std::thread::spawn(move || lines.for_each(drop));
    said.trim_end_matches('.').parse().expect("a port")
}

fn profile_owner_is_root() -> bool {
    let id = Command::new("id")
        .arg("-u")
        .output()
        .expect("id says who runs this");
    id.stdout.starts_with(b"0\n")
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Ends Chromium; killing its driver alone would leave it behind.
        let _ = self.client.delete(&self.session).send();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
