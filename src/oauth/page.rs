//! The pages that the browser shows when it comes back: plain text in a clean frame, without any
//! secret, and with headers that let it do nothing but be read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;
use std::sync::LazyLock;

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;\
padding:0 1.5rem;color:#222;background:#fff}h1{font-size:1.5rem}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#1b1b1b}}";

/// The only thing that the page may use is its own style, by its hash.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
});

/// What there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page<'a> {
    /// The browser has brought a code.
    Done,
    /// The provider has sent an error, with this code.
    Failed(&'a str),
    /// An answer that does not belong to this sign-in.
    Foreign,
    NotFound,
    Malformed,
    TooLarge,
}

/// The HTTP answer; `program` is the name that the person knows.
pub(crate) fn answer(page: Page, program: Option<&str>, with_body: bool) -> Vec<u8> {
    let program = program.map_or_else(|| "the program".to_owned(), escape);
    let close = format!("You can close this window and go back to {program}.");
    let (status, title, text) = match page {
        Page::Done => ("200 OK", "Thank you", close),
        Page::Failed("access_denied") => ("200 OK", "The sign-in was cancelled or refused", close),
        Page::Failed(code) => {
            let code = escape(code);
            let text = format!("{close} It says more about the reason ({code}).");
            ("200 OK", "The sign-in did not succeed", text)
        }
        Page::Foreign => {
            let text = format!(
                "This answer does not belong to the sign-in that {program} is waiting for. Close \
                 this window and finish the sign-in in the other one, or begin it again."
            );
            ("400 Bad Request", "This page is out of date", text)
        }
        Page::NotFound => ("404 Not Found", "Not found", "There is nothing here.".into()),
        Page::Malformed => ("400 Bad Request", "Bad request", "There is nothing here.".into()),
        Page::TooLarge => {
            let text = "The browser sent more than fits; remove its cookies for localhost.";
            ("431 Request Header Fields Too Large", "Too large", text.into())
        }
    };
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n<p>{text}</p></body></html>\n"
    );
    let length = html.len();
    let policy = POLICY.as_str();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Length: {length}\r\n\
         Connection: close\r\n\
         Cache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\n\
         X-Frame-Options: DENY\r\n\
         Content-Security-Policy: {policy}\r\n\r\n"
    );
    if with_body {
        answer.push_str(&html);
    }
    #[cfg(test)]
    crate::oauth::support::records::produced(&answer);
    answer.into_bytes()
}

/// Text that stands for itself in HTML, cut to what fits a line.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()).take(60) {
        match letter {
            '<' | '>' | '&' | '"' | '\'' => {
                let _ = write!(escaped, "&#{};", u32::from(letter));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Page; 7] = [
        Page::Done,
        Page::Failed("access_denied"),
        Page::Failed("<script>alert('1')</script>\r\nX: y"),
        Page::Foreign,
        Page::NotFound,
        Page::Malformed,
        Page::TooLarge,
    ];

    fn text(page: Page, program: Option<&str>) -> (String, String) {
        let answer = String::from_utf8(answer(page, program, true)).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    #[test]
    fn every_page_has_strict_headers_and_its_length() {
        for page in ALL {
            let (head, body) = text(page, Some("Anna's <Mailer>"));
            for field in [
                "Cache-Control: no-store",
                "Referrer-Policy: no-referrer",
                "Connection: close",
                "X-Content-Type-Options: nosniff",
                "Content-Security-Policy: default-src 'none'; style-src 'sha256-",
                &format!("Content-Length: {}", body.len()),
            ] {
                assert!(head.contains(&format!("\r\n{field}")), "{page:?}: {field}: {head}");
            }
            let without = answer(page, Some("Anna's <Mailer>"), false);
            assert_eq!(without, format!("{head}\r\n\r\n").as_bytes());
        }
    }

    #[test]
    fn foreign_text_is_escaped() {
        for page in ALL {
            let (head, body) = text(page, Some("<b>&\"'"));
            assert!(!head.contains("X: y"), "{head}");
            assert!(!body.contains("<script") && !body.contains("<b>"), "{body}");
        }
        let (_, body) = text(Page::Failed("a<b"), Some("A&B"));
        assert!(body.contains("a&#60;b") && body.contains("A&#38;B"), "{body}");
        assert!(text(Page::Failed(&"x".repeat(500)), None).1.len() < 1000);
    }

    #[test]
    fn the_last_pages_say_that_the_window_can_be_closed() {
        for page in [Page::Done, Page::Failed("access_denied"), Page::Failed("server_error")] {
            let (head, body) = text(page, None);
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
            assert!(body.contains("You can close this window and go back to the program."));
        }
    }
}
