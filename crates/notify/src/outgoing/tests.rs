use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn install_tls() {
    // Another test may have been quicker.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A server that gives the same answer to everybody, and counts them; it ends with the tests.
fn server(answer: &str) -> (u16, Arc<AtomicUsize>) {
    install_tls();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count: Arc<AtomicUsize> = Arc::default();
    let (counted, answer) = (
        Arc::clone(&count),
        answer.replace("PORT", &port.to_string()),
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            counted.fetch_add(1, Ordering::SeqCst);
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap_or(0) > 2 {
                line.clear();
            }
            // Whoever has had enough is gone.
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    (port, count)
}

const NEW: Validators = Validators {
    etag: None,
    modified: None,
};

fn local() -> Outgoing {
    Outgoing::to(vec!["127.0.0.0/8".parse().unwrap()])
}

fn said<T: std::fmt::Debug>(done: Result<T, OutgoingError>) -> String {
    let error = done.unwrap_err();
    format!("{} {error}", error.is_final())
}

#[test]
fn only_public_addresses_are_public() {
    for public in [
        "1.1.1.1",
        "9.9.9.9",
        "172.15.0.1",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "2a00:1450::1",
        "64:ff9b::9.9.9.9",
    ] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
    for private in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.168.1.1",
        "198.19.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "100::1",
    ] {
        assert!(!is_public(private.parse().unwrap()), "{private}");
    }
}

#[test]
fn whoever_names_a_private_address_is_refused_however_it_is_written() {
    let open = Outgoing::to(Vec::new());
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://017700000001/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "http://0/",
        "http://LOCALHOST./",
        "http://a.localhost:8080/",
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://127.0.0.1/",
        "nonsense",
        "http:///",
    ] {
        let refused = said(open.get(url, &NEW, 10));
        assert!(refused.starts_with("true it"), "{url}: {refused}");
        assert_eq!(
            said(open.post(url, &serde_json::json!({}))),
            refused,
            "{url}"
        );
    }
}

#[test]
fn a_name_that_stands_for_a_private_address_is_not_asked() {
    let (port, count) =
        server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi");
    let url = format!("http://localhost:{port}/secret");
    let refused = said(Outgoing::to(Vec::new()).get(&url, &NEW, 10));
    assert_eq!(refused, format!("true {NOT_PUBLIC}"));
    assert_eq!(count.load(Ordering::SeqCst), 0);
    let fetched = local().get(&url, &NEW, 10).unwrap().unwrap();
    assert_eq!(
        (
            io::read_to_string(fetched.body).unwrap().as_str(),
            fetched.validators
        ),
        ("hi", NEW)
    );
    let body = local().get(&url, &NEW, 1).unwrap().unwrap().body;
    assert_eq!(
        io::read_to_string(body).unwrap_err().to_string(),
        "its answer is too large"
    );
}

#[test]
fn redirections_are_followed_to_where_one_may_go_and_not_for_ever() {
    let (port, _) = server(
        "HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(
        said(local().get(&url, &NEW, 10)),
        format!("true {NOT_PUBLIC}")
    );
    assert_eq!(
        said(local().post(&url, &serde_json::json!({}))),
        "true it answers 302 Found"
    );

    let (port, count) = server(
        "HTTP/1.1 301 Moved\r\nlocation: /again\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(
        said(local().get(&url, &NEW, 10)),
        "true it redirects again and again"
    );
    assert_eq!(count.load(Ordering::SeqCst), STEPS + 1);

    let secure = Url::parse("https://example.org/").unwrap();
    let plain = http_response("http://example.org/");
    assert_eq!(said(next(&plain, &secure)), "true it redirects to http");
}

fn http_response(location: &str) -> Response {
    let answer = format!(
        "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (port, _) = server(&answer);
    let local = local();
    let client = local.client().unwrap();
    ask(client.get(format!("http://127.0.0.1:{port}/")), PATIENCE).unwrap()
}

/// It sends a byte now and then, each within the time that one read may take.
fn slow_server(pause: Duration) -> u16 {
    install_tls();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        // An answer that comes before the request is none.
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let start = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        let mut sent = stream.write_all(start);
        while sent.is_ok() {
            std::thread::sleep(pause);
            sent = stream.write_all(b"x");
        }
    });
    port
}

#[test]
fn a_server_that_drips_is_not_waited_for() {
    let url = format!(
        "http://127.0.0.1:{}/",
        slow_server(Duration::from_millis(50))
    );
    let mut impatient = local();
    impatient.patience = Duration::from_millis(400);
    let begun = Instant::now();
    let body = impatient.get(&url, &NEW, 1000).unwrap().unwrap().body;
    let why = io::read_to_string(body).unwrap_err().to_string();
    assert_eq!(
        why,
        "it does not answer: not all of it came within 10 seconds"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let date = || Some("Mon, 02 Mar 2026 10:00:00 GMT".to_owned());
    let (port, _) = server("HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n");
    let url = format!("http://127.0.0.1:{port}/");
    for known in [
        Validators {
            etag: Some("\"a\"".to_owned()),
            modified: None,
        },
        Validators {
            etag: None,
            modified: date(),
        },
    ] {
        assert!(local().get(&url, &known, 10).unwrap().is_none());
    }
    assert!(local().get(&url, &NEW, 10).is_err(), "nobody asked whether");
    let (port, _) = server(
        "HTTP/1.1 200 OK\r\netag: \"b\"\r\nlast-modified: Mon, 02 Mar 2026 10:00:00 GMT\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx",
    );
    let url = format!("http://127.0.0.1:{port}/");
    let fetched = local().get(&url, &NEW, 10).unwrap().unwrap();
    let validators = Validators {
        etag: Some("\"b\"".to_owned()),
        modified: date(),
    };
    assert_eq!(fetched.validators, validators);
}

#[test]
fn the_address_is_not_in_what_went_wrong() {
    install_tls();
    let away = said(local().post("http://127.0.0.1:9/secret", &serde_json::json!({})));
    assert!(away.starts_with("false it does not answer: "), "{away}");
    assert!(!away.contains("secret"), "{away}");
}
