//! Help, completions, manual pages, and the scripts for administrators.

use crate::desk::Run;
use crate::harness::postrider;

const SUBCOMMANDS: [&str; 11] = [
    "login",
    "send",
    "accounts",
    "token",
    "logout",
    "export",
    "import",
    "admin-kit",
    "sandbox",
    "completions",
    "man",
];

fn run(arguments: &[&str]) -> Run {
    let output = postrider().args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let code = output.status.code().expect("a code");
    Run { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn every_subcommand_is_completed_and_has_a_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).exits(0).stdout;
        for name in SUBCOMMANDS {
            assert!(script.contains(name), "{shell}: {name}");
        }
        assert!(script.contains("no-browser"), "{shell}");
    }
    let whole = run(&["man"]).exits(0).stdout;
    for name in SUBCOMMANDS {
        let escaped = name.replace('-', "\\-");
        assert!(whole.contains(&format!("postrider\\-{escaped}(1)")), "{name}");
        let page = run(&["man", name]).exits(0).stdout;
        assert!(page.contains(".TH") && page.contains(&format!("postrider\\-{escaped}")), "{name}");
    }
    assert!(run(&["man", "send"]).stdout.contains(".SH EXAMPLES\n.nf\n"));
    run(&["man", "nosuch"]).exits(2);
}

#[test]
fn every_help_has_an_example() {
    let whole = run(&["--help"]).exits(0).stdout;
    for name in SUBCOMMANDS {
        assert!(whole.contains(&format!("\n  {name} ")), "{name}");
        let help = run(&[name, "--help"]).exits(0).stdout;
        let example = format!("postrider {name}");
        assert!(help.matches(&example).count() > 1 || name == "sandbox", "{name}: {help}");
    }
}

#[test]
fn the_document_of_the_command_names_every_subcommand() {
    let document = include_str!("../../docs/command.md");
    for name in SUBCOMMANDS {
        assert!(document.contains(&format!("postrider {name}")), "docs/command.md: {name}");
    }
}

/// The scripts stand in the guide for people who have no command.
#[test]
fn the_scripts_of_the_guide_are_those_of_the_command() {
    let guide = include_str!("../../docs/accounts/microsoft-app-only.md");
    for part in ["mailbox", "rbac", "consent"] {
        let printed = run(&["admin-kit", part]).exits(0).stdout;
        assert!(printed.len() > 100);
        assert!(
            guide.contains(&printed),
            "docs/accounts/microsoft-app-only.md, {part}:\n{printed}"
        );
    }
}

#[test]
fn the_scripts_are_filled_in_and_nothing_gets_out_of_its_quotes() {
    let ids = [
        "--tenant",
        "example.org",
        "--client-id",
        "11-22",
        "--object-id",
        "33-44",
        "--display-name",
        "Anna's mailer",
        "--mailbox",
        "o'neil@example.org",
    ];
    for part in ["mailbox", "rbac"] {
        let script = run(&[&["admin-kit", part][..], &ids].concat()).exits(0).stdout;
        assert!(
            script.contains("New-ServicePrincipal -AppId '11-22' -ObjectId '33-44'"),
            "{script}"
        );
        assert!(script.contains("-DisplayName 'Anna''s mailer'"), "{script}");
        assert!(script.contains("'o''neil@example.org'"), "{script}");
        assert!(!script.contains('{'), "{script}");
    }
    let url = run(&[&["admin-kit", "consent"][..], &ids].concat()).exits(0).stdout;
    assert!(url.starts_with(
        "https://login.microsoftonline.com/example.org/v2.0/adminconsent?client_id=11-22&"
    ));
    for bad in [
        ["--mailbox", "$(evil)@example.org"],
        ["--mailbox", "a`b@example.org"],
        ["--mailbox", "a\"b@example.org"],
        ["--tenant", "x&y"],
        ["--client-id", "a'b"],
        ["--display-name", "a\nb"],
    ] {
        run(&[&["admin-kit", "rbac"][..], &bad].concat()).exits(2).says(bad[0]);
    }
}
