use super::*;
use crate::error::Status;

#[test]
fn only_plain_web_addresses_are_opened() {
    for address in ["https://example.org", "http://127.0.0.1:5/a?b=c&d=%20e#f", "http://[::1]:5/"] {
        assert!(is_plain(address), "{address}");
    }
    for address in [
        "",
        "--help",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ftp://example.org",
        "https://",
        "HTTPS://example.org",
        " https://example.org",
        "https://example.org/a b",
        "https://-x",
        "https://example.org/\"",
        "https://example.org/'",
        "https://example.org/`x`",
        "https://example.org/\n",
        "https://example.org/\0",
        "https://example.org/a\\b",
        "https://exämple.org/",
        "https://example.org/|x",
    ] {
        let error = open_in(address, &|_| panic!("it was looked further")).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{address:?}");
        assert!(address.is_empty() || !error.text().contains(address));
    }
    assert!(!is_plain(&format!("https://example.org/{}", "x".repeat(LONGEST_ADDRESS))));
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod unix {
    use super::super::unix::{command, nobody_would_see_it, wished};
    use super::super::*;
    use crate::error::{Cause, Status};
    use crate::net::{Canceller, Watch};
    use crate::oauth::loopback::Loopback;
    use crate::secret::Secret;
    use std::time::Duration;

    fn environment(set: &[(&'static str, &str)]) -> impl Fn(&str) -> Option<OsString> + use<> {
        let set: Vec<_> = set.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
        move |name| set.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn where_nobody_sees_a_window_none_is_opened() {
        for (set, seen) in [
            (&[][..], false),
            (&[("DISPLAY", "")][..], false),
            (&[("DISPLAY", ":0")][..], true),
            (&[("WAYLAND_DISPLAY", "wayland-0")][..], true),
            (&[("DISPLAY", ":0"), ("SSH_CONNECTION", "a 1 b 2")][..], false),
            (&[("SSH_TTY", "/dev/pts/1"), ("BROWSER", "code-helper")][..], true),
            (&[("BROWSER", "firefox")][..], true),
            (&[("BROWSER", "w3m:/usr/bin/lynx %s")][..], false),
            (&[("WSL_DISTRO_NAME", "Debian")][..], true),
        ] {
            let environment = environment(set);
            assert_eq!(nobody_would_see_it(&environment).is_none(), seen, "{set:?}");
            if !seen {
                let error = open_in("https://example.org/SECRET", &environment).unwrap_err();
                assert_eq!(
                    (error.status(), error.cause()),
                    (Status::NeedsSignIn, Cause::NoBrowser)
                );
                assert!(!format!("{error:?}").contains("SECRET"));
            }
        }
    }

    #[test]
    fn the_wish_of_the_user_is_a_list_of_command_lines() {
        let wish = wished(&environment(&[("BROWSER", "lynx: firefox  --new-window :x %s::")]));
        assert_eq!(wish, [&["firefox", "--new-window"][..], &["x", "%s"]]);
        let arguments = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            let command = command(&words, "https://a/$(x);&y");
            command.get_args().map(|a| a.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(arguments(&["x"]), ["https://a/$(x);&y"]);
        assert_eq!(arguments(&["x", "--url=%s", "-n"]), ["--url=https://a/$(x);&y", "-n"]);
    }

    /// Plays the browser in a process of its own: the address that it is given is the last argument.
    #[test]
    fn stand_in_for_a_browser() {
        use std::io::{Read as _, Write as _};
        let address = std::env::args().next_back().unwrap_or_default();
        let Some(rest) = address.strip_prefix("http://") else { return };
        let (host, target) = rest.split_once('/').unwrap();
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        let parent = std::os::unix::process::parent_id();
        let request = format!("GET /{target}&code={parent} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }

    #[test]
    fn a_browser_that_is_started_brings_the_answer_and_is_no_child_of_ours() {
        let mut loopback = Loopback::open(None, "/cb", Secret::new("s1")).unwrap();
        let browser = std::env::current_exe().unwrap();
        let wish = format!("/nowhere/browser:{} stand_in_for_a_browser %s", browser.display());
        let address = format!("http://127.0.0.1:{}/cb?state=s1", loopback.port());
        open_in(&address, &environment(&[("BROWSER", &wish)])).unwrap();
        let mut tick = || true;
        let cancellation = Canceller::default().watch();
        let mut watch = Watch::new(Duration::from_secs(60), cancellation, &mut tick);
        let found = loopback.wait(&mut watch).unwrap();
        let parent = found.text("code").unwrap();
        assert_ne!(parent, std::process::id().to_string());
    }
}
