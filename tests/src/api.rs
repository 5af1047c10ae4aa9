//! A client of the HTTP API that asserts as it goes.

use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::Account;

/// Somebody who speaks to a server.
#[derive(Clone)]
pub struct Api {
    url: String,
    http: Client,
    token: Option<String>,
}

/// What a server answered, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Api {
    /// Nobody in particular.
    pub fn anonymous(url: &str) -> Self {
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { url: url.to_owned(), http, token: None }
    }

    /// Somebody who has logged in.
    #[track_caller]
    pub fn login(url: &str, account: &Account) -> Self {
        let mut api = Self::anonymous(url);
        let words = json!({"account": account.name, "password": account.password});
        let session = api.post("/api/v1/sessions", &words).expect(201).json();
        api.token = Some(session["token"].as_str().expect("a session has a token").to_owned());
        api
    }

    /// Somebody with a token.
    pub fn with_token(url: &str, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::anonymous(url) }
    }

    /// The bearer token, for other programs.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("logged in")
    }

    /// The same person at another server process.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// A request to be completed and given to [`send`](Self::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request; none when the server hung up or was not there.
    pub fn try_send(&self, request: RequestBuilder) -> Option<Reply> {
        request.send().and_then(Reply::read).ok()
    }

    /// Sends a request.
    #[track_caller]
    pub fn send(&self, request: RequestBuilder) -> Reply {
        request.send().and_then(Reply::read).unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path))
    }

    /// POST of JSON.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body))
    }

    /// Every item of a list, page by page of `limit`; asserts that pages are no longer and that it ends.
    #[track_caller]
    pub fn list(&self, path: &str, limit: usize) -> Vec<Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), String::new());
        for _ in 0..10_000 {
            let page = self.get(&format!("{path}{joint}limit={limit}{cursor}")).expect(200).json();
            let found = page["items"].as_array().expect("a list has items");
            assert!(found.len() <= limit, "a page of {} where {limit} were asked for", found.len());
            items.extend(found.iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
        panic!("{path} does not end");
    }
}

impl Reply {
    fn read(response: Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes()?.to_vec() })
    }

    /// Asserts the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Asserts a failure as RFC 9457 writes it, with a stable `type`.
    #[track_caller]
    pub fn problem(self, status: u16) -> Value {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.text());
        let problem = reply.json();
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["type", "title"] {
            assert!(
                problem[member].as_str().is_some_and(|text| !text.is_empty()),
                "no {member} in {problem}"
            );
        }
        problem
    }

    /// A header field as text, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}
