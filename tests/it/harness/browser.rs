//! A browser without scripts: cookies, forms, no redirects unless followed.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;

use super::Server;
use super::server::client;

/// A browser.
pub struct Browser {
    client: Client,
    url: String,
    /// Its cookies.
    pub cookies: BTreeMap<String, String>,
    /// What the last page's forms are bound to.
    pub form_token: String,
}

/// What a server answered.
pub struct Seen {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The page.
    pub html: String,
}

impl Seen {
    /// A header.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The page, where the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.html);
        self.html
    }

    /// Where it sends the browser.
    #[track_caller]
    pub fn goes_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.html);
        self.header("location")
    }
}

impl Browser {
    /// One that has never been here.
    pub fn new(server: &Server) -> Self {
        Self::at(&server.url)
    }

    /// One that has never been at this address.
    pub fn at(url: &str) -> Self {
        Self {
            client: client().redirect(Policy::none()).build().unwrap(),
            url: url.to_owned(),
            cookies: BTreeMap::new(),
            form_token: String::new(),
        }
    }

    /// One in which the person of this address is signed in.
    pub fn signed_in(server: &Server, email: &str) -> Self {
        let mut browser = Self::new(server);
        let link = dogwatch::service::operator::sign_in(&server.app, email).unwrap();
        let path = link.strip_prefix(&server.url).unwrap().to_owned();
        browser.get(&path).expect(200);
        assert_eq!(browser.submit(&path, &[]).goes_to(), "/");
        browser
    }

    /// What the form of the last page is sent with.
    pub fn form_token(&self) -> &str {
        &self.form_token
    }

    /// A cookie that it keeps.
    pub fn cookie(&self, name: &str) -> String {
        self.cookies[name].clone()
    }

    /// Looks at a page.
    pub fn get(&mut self, path: &str) -> Seen {
        let request = self.request(Method::GET, path);
        self.send(request)
    }

    /// Sends a form of the page that was looked at last.
    pub fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let token = self.form_token.clone();
        let mut all = vec![("form_token", token.as_str())];
        all.extend(fields);
        self.post(path, &all)
    }

    /// Sends the form `data-live` of a page with some fields changed.
    pub fn send_form(&mut self, path: &str, html: &str, changed: &[(&str, &str)]) -> Seen {
        let mut fields = form(html);
        fields.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
        let kept = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = kept.chain(changed.iter().copied()).collect();
        self.post(path, &all)
    }

    /// Sends these fields and no others.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.send(request)
    }

    /// A request with this browser's cookies.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.client
            .request(method, format!("{}{path}", self.url))
            .header("accept", "text/html")
            .header("cookie", cookies.join("; "))
    }

    /// Sends a request, and keeps what cookies it is given.
    pub fn send(&mut self, request: RequestBuilder) -> Seen {
        let response = request.send().unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let html = response.text().unwrap();
        if let Some((_, rest)) = html.split_once("name=\"form_token\" value=\"") {
            rest.split('"')
                .next()
                .unwrap()
                .clone_into(&mut self.form_token);
        }
        Seen {
            status,
            headers,
            html,
        }
    }
}

/// What the form `data-live` of a page would send, buttons aside.
pub fn form(html: &str) -> Vec<(String, String)> {
    let form = html
        .split("data-live")
        .nth(1)
        .expect("a form")
        .split("</form>")
        .next()
        .unwrap();
    let attribute = |tag: &str, name: &str| {
        let value = tag
            .split_once(&format!(" {name}=\""))?
            .1
            .split('"')
            .next()?;
        Some(value.replace("&#38;", "&"))
    };
    let mut fields = Vec::new();
    for tag in form.split('<') {
        if tag.starts_with("input") {
            let ticks = tag.contains("type=\"radio\"") || tag.contains("type=\"checkbox\"");
            if let (Some(name), true) = (attribute(tag, "name"), !ticks || tag.contains(" checked"))
            {
                fields.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        } else if tag.starts_with("select") {
            fields.push((attribute(tag, "name").unwrap(), String::new()));
        } else if tag.starts_with("option") && tag.contains(" selected") {
            fields.last_mut().unwrap().1 = attribute(tag, "value").unwrap();
        }
    }
    fields
}
