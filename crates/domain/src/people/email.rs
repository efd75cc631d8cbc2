//! Mail addresses: their form on the wire, and when two are the same.

use url::Host;

/// The form that every mail server takes: the domain in ASCII (IDNA). `None` where the part before the `@` has other
/// characters, or the domain has no ASCII form.
#[must_use]
pub fn to_ascii(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    if !local.is_ascii() {
        return None;
    }
    if domain.is_ascii() {
        return Some(address.to_owned());
    }
    match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => Some(format!("{local}@{ascii}")),
        _ => None,
    }
}

/// The same for addresses of one mailbox, however its domain is written. Browsers turn what is typed into a field for
/// addresses to ASCII.
#[must_use]
pub fn key(address: &str) -> String {
    to_ascii(address)
        .unwrap_or_else(|| address.to_owned())
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_domain_is_converted() {
        for (typed, ascii) in [
            ("ana@example.com", Some("ana@example.com")),
            ("Ana@bücher.example", Some("Ana@xn--bcher-kva.example")),
            ("\"a@b\"@例え.jp", Some("\"a@b\"@xn--r8jz45g.jp")),
            ("ana@[192.0.2.1]", Some("ana@[192.0.2.1]")),
            ("zoë@example.com", None),
            ("nobody", None),
        ] {
            assert_eq!(to_ascii(typed).as_deref(), ascii, "{typed}");
        }
    }

    #[test]
    fn one_mailbox_has_one_key() {
        assert_eq!(key("Ana@Bücher.example"), key("ana@xn--bcher-kva.example"));
        assert_ne!(key("ana@bucher.example"), key("ana@bücher.example"));
    }
}
